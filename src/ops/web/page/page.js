(() => {
  const every = 10000, live = document.getElementById('live');
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
  const refresh = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(location.href, { cache: 'no-store' });
      const next = new DOMParser().parseFromString(await answer.text(), 'text/html');
      const main = document.querySelector('main'), fresh = next.querySelector('main');
      if (!fresh) throw new Error('no main');
      const focused = main.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null;
      // What stands at the upper edge stays there, whatever grows above it.
      const edge = [...main.querySelectorAll('[id]')].filter((part) => part.getBoundingClientRect().top <= 0).pop();
      const top = edge && edge.getBoundingClientRect().top;
      main.replaceChildren(...fresh.childNodes);
      const same = edge && document.getElementById(edge.id);
      if (same && scrollY > 0) scrollBy({ top: same.getBoundingClientRect().top - top, behavior: 'instant' });
      const target = focused && [...main.querySelectorAll('a')].find((link) => link.getAttribute('href') === focused);
      stops(target);
      if (target) target.focus({ preventScroll: true });
      document.querySelector('link[rel=icon]').href = next.querySelector('link[rel=icon]').href;
      if (document.title !== next.title) live.textContent = document.title = next.title;
      document.body.classList.remove('stale');
    } catch {
      document.body.classList.add('stale');
    }
  };
  stops();
  setInterval(refresh, every);
  document.addEventListener('visibilitychange', refresh);
})();
