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

// A file is uploaded as it is, as soon as it is chosen; the form then sends its id.
const upload = document.querySelector('form[data-upload]');
if (upload) {
  const file = upload.querySelector('#file');
  const state = upload.querySelector('#file-state');
  upload.querySelector('#file-field').hidden = false;
  file.addEventListener('change', async () => {
    upload.elements.upload.value = '';
    const chosen = file.files[0];
    if (!chosen) return;
    state.textContent = 'Reading …';
    const answer = await fetch(`${upload.dataset.upload}?name=${encodeURIComponent(chosen.name)}`, { method: 'POST', body: chosen });
    if (answer.ok) upload.elements.upload.value = (await answer.json()).id;
    state.textContent = answer.ok ? `${chosen.name} is read.` : 'This file is too large: use the command.';
  });
}

// On a narrow page the navigation scrolls: the place that is open is in sight.
document.querySelector('.nav [aria-current]')?.scrollIntoView({ inline: 'center', block: 'nearest' });
