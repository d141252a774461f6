import { findChromium } from '../../../scripts/chromium';

/** Jest's global setup: finds a Chromium for the browser tests, or ends the run and says what is missing. */
export default function setUp(): void {
  try {
    process.env['CHROMIUM'] = findChromium();
  } catch (error) {
    console.error((error as Error).message);
    process.exit(1);
  }
}
