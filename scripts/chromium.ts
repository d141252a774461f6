import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome', 'chrome.exe'];

const isProgram = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/**
 * Returns the path of a Chromium: the one that the variable CHROMIUM names, or else the first one on the PATH.
 * @throws an Error of one line when there is none
 */
export function findChromium(): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const candidates = process.env['CHROMIUM'] ?? folders.flatMap((folder) => names.map((name) => join(folder, name)));
  const found = [candidates].flat().find(isProgram);
  if (found !== undefined) return found;
  throw new Error('No Chromium found: install one (Debian: chromium), or say where it is in the variable CHROMIUM.');
}
