// What pages with actions do by themselves. Without it they work, too.
'use strict';

// A dead-letter queue is read on, a few messages at a time, until it is read or someone stops it.
async function readOn() {
  const stop = document.createElement('button');
  let stopped = false;
  stop.type = 'button';
  stop.className = 'button';
  stop.textContent = 'Stop';
  stop.addEventListener('click', () => { stopped = true; });
  let more = document.getElementById('read-on');
  while (more && !stopped) {
    const answer = await fetch(more.href);
    if (!answer.ok) break;
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    document.getElementById('reading').replaceWith(page.getElementById('reading'));
    more = document.getElementById('read-on');
    if (more) {
      more.replaceWith(stop);
      stop.focus();
    }
  }
  if (more && stop.isConnected) {
    stop.replaceWith(more);
    more.focus();
  } else {
    document.querySelector('#reading a')?.focus();
  }
}

document.addEventListener('click', (event) => {
  if (event.target.id !== 'read-on' || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  readOn();
});
