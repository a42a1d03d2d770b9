// What pages of the console do by themselves. Without it they work, too: every link and form is the server's.
'use strict';

// The part of a page that is kept up to date while the page is visible: [data-refresh-seconds].
const live = document.querySelector('[data-refresh-seconds]');
if (live) {
  const seconds = Number(live.dataset.refreshSeconds);
  setInterval(async () => {
    if (document.hidden || live.contains(document.activeElement)) return;
    try {
      const answer = await fetch(location.href);
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      live.replaceChildren(...page.getElementById(live.id).childNodes);
    } catch { /* the console was stopped: the page stays as it is */ }
  }, seconds * 1000);
}

document.addEventListener('keydown', (event) => {
  const typing = event.target.closest('input, textarea, select, [contenteditable]');
  if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const field = document.querySelector('[aria-keyshortcuts="/"]');
    if (!field) return;
    event.preventDefault();
    field.focus();
  }
});
