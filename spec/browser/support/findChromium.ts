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

/** Jest's global setup: finds a Chromium for the browser tests, or ends them with a line that says what is missing. */
export default function findChromium(): void {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const candidates = process.env['CHROMIUM'] ?? folders.flatMap((folder) => names.map((name) => join(folder, name)));
  const found = [candidates].flat().find(isProgram);
  if (found === undefined) {
    console.error('No Chromium found: install one (Debian: chromium), or say where it is in the variable CHROMIUM.');
    process.exit(1);
  }
  process.env['CHROMIUM'] = found;
}
