type Theme = 'light' | 'dark';

const key = 'serverchart.theme';
const systemIsDark = matchMedia('(prefers-color-scheme: dark)');

/**
 * Follows the system's theme until the reader chooses one. Where the page may not store the choice, it ends with the
 * page.
 */
export function followTheme(button: HTMLElement): void {
  let chosen = stored();
  const current = (): Theme => chosen ?? (systemIsDark.matches ? 'dark' : 'light');
  const show = (): void => {
    document.documentElement.dataset['theme'] = current();
    document.documentElement.style.colorScheme = current();
    button.setAttribute('aria-label', current() === 'dark' ? 'Light theme' : 'Dark theme');
  };
  button.addEventListener('click', () => {
    chosen = current() === 'dark' ? 'light' : 'dark';
    try {
      localStorage.setItem(key, chosen);
    } catch {
      // not allowed here
    }
    show();
  });
  systemIsDark.addEventListener('change', show);
  show();
}

function stored(): Theme | undefined {
  try {
    const theme = localStorage.getItem(key);
    return theme === 'light' || theme === 'dark' ? theme : undefined;
  } catch {
    return undefined;
  }
}
