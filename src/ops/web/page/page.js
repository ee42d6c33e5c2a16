(() => {
  const every = 10000, hidden = 60000, timeout = 8000;
  const live = document.getElementById('live'), icon = document.querySelector('link[rel=icon]');
  const stale = document.getElementById('stale'), pause = document.getElementById('pause');
  // One stop for the tabulator in each calendar; the arrows lead through it.
  const stops = (chosen) => document.querySelectorAll('.cal').forEach((cal) => {
    const cells = [...cal.querySelectorAll('a')];
    const stop = cells.includes(chosen) ? chosen : cells[cells.length - 1];
    cells.forEach((cell) => { cell.tabIndex = cell === stop ? 0 : -1; });
  });
  document.addEventListener('keydown', (event) => {
    const cal = event.target.closest && event.target.closest('.cal');
    if (!cal || event.ctrlKey || event.metaKey || event.altKey) return;
    const cells = [...cal.querySelectorAll('a')], at = cells.indexOf(event.target), box = event.target.getBoundingClientRect();
    // The nearest cell of another line.
    const line = (sign) => {
      const others = cells.map((cell) => [cell, cell.getBoundingClientRect()]).filter(([, r]) => sign * (r.top - box.top) > 4);
      const near = Math.min(...others.map(([, r]) => sign * (r.top - box.top)));
      const row = others.filter(([, r]) => sign * (r.top - box.top) < near + 4);
      return row.sort((a, b) => Math.abs(a[1].left - box.left) - Math.abs(b[1].left - box.left))[0]?.[0];
    };
    const ways = { ArrowLeft: () => cells[at - 1], ArrowRight: () => cells[at + 1], Home: () => cells[0],
      End: () => cells[cells.length - 1], ArrowUp: () => line(-1), ArrowDown: () => line(1) };
    const to = ways[event.key] && ways[event.key]();
    if (!to) return;
    event.preventDefault();
    stops(to);
    to.focus();
  });
  // Commands can be copied where the browser allows it, which it does over HTTPS and on this machine.
  const copyable = () => document.querySelectorAll('button.copy').forEach((button) => { button.hidden = !navigator.clipboard; });
  document.addEventListener('click', async (event) => {
    const button = event.target.closest && event.target.closest('button.copy');
    if (!button) return;
    await navigator.clipboard.writeText(button.dataset.copy);
    live.textContent = button.dataset.copy;
    button.classList.add('done');
    setTimeout(() => button.classList.remove('done'), 1500);
  });
  const selecting = () => { const chosen = getSelection(); return chosen && !chosen.isCollapsed; };
  let tag = '', asked = 0, silent = false, quiet = false;
  const missing = () => {
    if (silent) return;
    silent = true;
    stale.querySelector('span').textContent = new Date().toLocaleTimeString(document.documentElement.lang);
    document.body.classList.add('stale');
    document.title = `? ${document.title}`;
    icon.href = icon.dataset.stale;
  };
  const heard = (next) => {
    silent = false;
    document.body.classList.remove('stale');
    if (!next) return;
    icon.href = next.querySelector('link[rel=icon]').href;
    if (document.title !== next.title) live.textContent = document.title = next.title;
  };
  const show = (next) => {
    const main = document.querySelector('main'), fresh = next.querySelector('main');
    const focused = main.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null;
    // What stands at the upper edge stays there, whatever grows above it.
    const edge = [...main.querySelectorAll('[id]')].filter((part) => part.getBoundingClientRect().top <= 0).pop();
    const top = edge && edge.getBoundingClientRect().top;
    main.replaceChildren(...fresh.childNodes);
    copyable();
    const same = edge && document.getElementById(edge.id);
    if (same && scrollY > 0) scrollBy({ top: same.getBoundingClientRect().top - top, behavior: 'instant' });
    const target = focused && [...main.querySelectorAll('a')].find((link) => link.getAttribute('href') === focused);
    stops(target);
    if (target) target.focus({ preventScroll: true });
  };
  // A page of somebody else, for example of a proxy that asks for a password, is no answer.
  const ours = (answer, next) => !answer.redirected && next.querySelector('meta[name=generator][content=ccsync]') && next.querySelector('main');
  const refresh = async () => {
    if (quiet) return;
    asked = Date.now();
    try {
      const headers = tag && !silent ? { 'If-None-Match': tag } : {};
      const answer = await fetch(location.href, { cache: 'no-store', headers, signal: AbortSignal.timeout(timeout) });
      if (answer.status === 304) return heard();
      const next = new DOMParser().parseFromString(await answer.text(), 'text/html');
      if (!ours(answer, next)) throw new Error('not ours');
      heard(next);
      // What somebody marks to copy it stays until they have.
      if (selecting()) return;
      tag = answer.headers.get('ETag') || '';
      show(next);
    } catch {
      missing();
    }
  };
  pause.addEventListener('click', () => {
    quiet = !quiet;
    pause.setAttribute('aria-pressed', quiet);
    pause.textContent = quiet ? pause.dataset.resume : pause.dataset.pause;
    if (!quiet) refresh();
  });
  stops();
  copyable();
  if (!('live' in document.querySelector('main').dataset)) return;
  pause.hidden = false;
  // A tab in the background keeps its icon and title true, less often.
  setInterval(() => { if (!document.hidden || Date.now() - asked >= hidden) refresh(); }, every);
  document.addEventListener('visibilitychange', () => { if (!document.hidden) refresh(); });
})();
