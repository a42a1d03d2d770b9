// Loaded before the page is drawn, so that the chosen theme shows at once. What it adds works by data attributes:
// [data-theme-toggle], [data-open="dialog's id"], [data-copy="text"].
'use strict';

const themes = ['auto', 'light', 'dark'];
const names = { auto: 'as the system', light: 'light', dark: 'dark' };

function storedTheme() {
  try {
    const stored = localStorage.getItem('theme');
    return themes.includes(stored) ? stored : 'auto';
  } catch {
    return 'auto';
  }
}

function showTheme(theme) {
  document.documentElement.dataset.theme = theme;
  for (const button of document.querySelectorAll('[data-theme-toggle]')) {
    button.hidden = false;
    button.setAttribute('aria-label', `Theme: ${names[theme]}. Change it`);
    button.title = `Theme: ${names[theme]}`;
  }
}

showTheme(storedTheme());

document.addEventListener('DOMContentLoaded', () => showTheme(storedTheme()));

document.addEventListener('click', async (event) => {
  const button = event.target.closest('button');
  if (!button) return;
  if ('themeToggle' in button.dataset) {
    const next = themes[(themes.indexOf(storedTheme()) + 1) % themes.length];
    try {
      localStorage.setItem('theme', next);
    } catch { /* a private window keeps nothing */ }
    showTheme(next);
  } else if (button.dataset.open) {
    document.getElementById(button.dataset.open).showModal();
  } else if ('close' in button.dataset) {
    button.closest('dialog').close();
  } else if (button.dataset.copy) {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = 'Copied';
    setTimeout(() => { button.textContent = 'Copy'; }, 1500);
  }
});
