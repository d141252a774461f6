import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import fs, { closeSync, openSync } from 'node:fs';
import { descriptorLimit, descriptorsOpen } from '../../actors/listener/descriptors';

const failWith = (code: string) => (): never => {
  throw Object.assign(new Error(code), { code });
};

/** Gives the folder of descriptors the size 0, as Linux before 6.2 does. */
const tellNoSize = (): void => {
  jest.spyOn(fs, 'statSync').mockReturnValue(Object.assign(Object.create(fs.Stats.prototype) as fs.Stats, { size: 0 }));
};

function onPlatform<Value>(value: NodeJS.Platform, tell: () => Value): Value {
  const { platform } = process;
  Object.defineProperty(process, 'platform', { value });
  try {
    return tell();
  } finally {
    Object.defineProperty(process, 'platform', { value: platform });
  }
}

afterEach(() => {
  jest.restoreAllMocks();
});

describe('The count of open descriptors', () => {
  /** By how much the count grows with ten more files. */
  const growth = (): number => {
    const before = descriptorsOpen() ?? NaN;
    const files = Array.from({ length: 10 }, () => openSync('/dev/null', 'r'));
    const after = descriptorsOpen() ?? NaN;
    for (const file of files) closeSync(file);
    return after - before;
  };

  it('grows with each file', () => {
    expect(growth()).toBe(10);
  });

  it('is the same whether the kernel tells it or the folder is read', () => {
    const told = descriptorsOpen();
    tellNoSize();
    expect(descriptorsOpen()).toBe(told);
    expect(growth()).toBe(10);
  });

  it('is Infinity when there is no descriptor to read the folder with', () => {
    tellNoSize();
    jest.spyOn(fs, 'readdirSync').mockImplementation(failWith('EMFILE'));
    expect(descriptorsOpen()).toBe(Infinity);
  });

  it('is unknown without /proc, and on other systems', () => {
    jest.spyOn(fs, 'statSync').mockImplementation(failWith('ENOENT'));
    expect(descriptorsOpen()).toBeUndefined();
    jest.restoreAllMocks();
    expect(onPlatform('darwin', descriptorsOpen)).toBeUndefined();
  });
});

describe('The limit of descriptors', () => {
  it("is the shell's", () => {
    expect(descriptorLimit()).toBe(Number(execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' })));
  });

  it('is Infinity when there is none', () => {
    const line = 'Max open files            unlimited            unlimited            files     \n';
    jest.spyOn(fs, 'readFileSync').mockReturnValueOnce(line);
    expect(descriptorLimit()).toBe(Infinity);
  });

  it('is unknown when /proc says nothing of it, or nothing at all, and on other systems', () => {
    jest.spyOn(fs, 'readFileSync').mockReturnValueOnce('Max processes  1  1  processes\n');
    expect(descriptorLimit()).toBeUndefined();
    jest.spyOn(fs, 'readFileSync').mockImplementationOnce(failWith('EMFILE'));
    expect(descriptorLimit()).toBeUndefined();
    expect(onPlatform('win32', descriptorLimit)).toBeUndefined();
  });
});
