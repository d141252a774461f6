import { afterAll } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A key with its certificate. */
export interface Certificate {
  /** As text, for Node's options. */
  readonly pem: { readonly key: string; readonly cert: string };
  /** As files, for commands. */
  readonly keyFile: string;
  readonly certFile: string;
}

/** The number of certificates made. Each certificate gets files of its own, even for the same name. */
let made = 0;

/** Makes certificates with the `openssl` command, in a folder that is removed after the spec file. */
class Authority {
  readonly #folder = mkdtempSync(join(tmpdir(), 'serverchart-'));
  readonly certificate: Certificate;

  constructor(name: string) {
    afterAll(() => {
      rmSync(this.#folder, { recursive: true });
    });
    this.certificate = this.#make(name, ['-addext', 'basicConstraints=critical,CA:TRUE']);
  }

  /** @param name - the owner's name, and the host name that a client can connect to */
  issue(name: string): Certificate {
    const { certFile, keyFile } = this.certificate;
    return this.#make(name, ['-CA', certFile, '-CAkey', keyFile, '-addext', `subjectAltName=DNS:${name}`]);
  }

  #make(name: string, args: readonly string[]): Certificate {
    made += 1;
    const file = join(this.#folder, String(made));
    const [keyFile, certFile] = [`${file}.key`, `${file}.pem`];
    // elliptic curves, because an RSA key takes long to make
    const keyArgs = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', keyFile];
    const certArgs = ['-subj', `/CN=${name}`, '-days', '2', '-out', certFile];
    execFileSync('openssl', ['req', '-x509', ...keyArgs, ...certArgs, ...args], { stdio: 'pipe' });
    const pem = { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(certFile, 'utf8') };
    return { pem, keyFile, certFile };
  }
}

const authority = new Authority('authority.test');

/** The authority's certificate, which servers and clients of a spec trust. */
export const ca = authority.certificate;
/** Makes a certificate for a server or a client, issued by {@link ca}. */
export const issue = (name: string): Certificate => authority.issue(name);
/** Makes a certificate that no server or client trusts. */
export const issueByStranger = (name: string): Certificate => new Authority('stranger.test').issue(name);
