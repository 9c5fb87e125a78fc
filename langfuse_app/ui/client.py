"""The little that has to happen in the browser itself: keys, menus, dialogs, and a beat. One script for all pages, which knows no page.

Elements say what they are by attributes: `data-key="j"` is pressed by that key (`mod+k` with Ctrl or Cmd) · `data-search`
is where `/` goes · `data-opens="id"` shows a dialog · `data-close` closes the menu or dialog around it · `data-href` on
a row opens in a new tab by middle or Ctrl click. Ids: `lf-beat` is pressed every 3 seconds while the page is visible,
`lf-up`, `lf-down`, `lf-left`, `lf-right` by the arrows.
"""

# The cookie is set before the socket opens, so that the handshake carries the viewer's time zone.
SCRIPT = """
(() => {
const d = document, all = (s, r) => [...(r || d).querySelectorAll(s)], seen = e => e.getClientRects().length > 0;
d.cookie = 'lf_tz=' + encodeURIComponent(Intl.DateTimeFormat().resolvedOptions().timeZone) + ';path=/;samesite=lax;max-age=31536000';

d.addEventListener('click', e => {
  all('details.lf-drop[open]').forEach(x => { if (!x.contains(e.target) || e.target.closest('.lf-menu-item')) x.open = false; });
  const opener = e.target.closest('[data-opens]'), item = e.target.closest('.lf-menu-item,[data-close]');
  if (item) { item.closest('[popover]')?.hidePopover(); item.closest('dialog')?.close(); }
  if (opener) { all('.lf-drawer:popover-open').forEach(x => x.hidePopover()); const box = d.getElementById(opener.dataset.opens); box?.showModal(); box?.querySelector('input')?.select(); }
  else if (e.target.matches('dialog[open]')) e.target.close();
});
const aside = e => {
  const row = (e.button === 1 || e.ctrlKey || e.metaKey) && e.target.closest('[data-href]');
  if (row) { e.preventDefault(); e.stopPropagation(); open(row.dataset.href, '_blank'); }
};
d.addEventListener('click', aside, true); d.addEventListener('auxclick', aside, true);

const press = name => {
  const target = all('[data-key]').filter(e => e.dataset.key.split(' ').includes(name) && seen(e)).pop();
  target?.click(); return !!target;
};
const pick = (e, box) => {
  const rows = all('[role=option]', box).filter(seen), now = rows.findIndex(r => r.hasAttribute('data-highlighted'));
  e.preventDefault();
  if (e.key === 'Enter') { rows[Math.max(now, 0)]?.click(); return; }
  const next = rows[e.key === 'ArrowDown' ? Math.min(now + 1, rows.length - 1) : Math.max(now - 1, 0)];
  rows.forEach(r => r.removeAttribute('data-highlighted')); next?.setAttribute('data-highlighted', ''); next?.scrollIntoView({block: 'nearest'});
};
const arrows = {ArrowDown: 'lf-down', ArrowUp: 'lf-up', ArrowLeft: 'lf-left', ArrowRight: 'lf-right'};
d.addEventListener('keydown', e => {
  if (e.altKey) return;
  const mod = e.metaKey || e.ctrlKey, box = d.querySelector('dialog[open]');
  if (box) { if (box.querySelector('[role=listbox]') && (e.key === 'Enter' || e.key === 'ArrowDown' || e.key === 'ArrowUp')) pick(e, box); return; }
  if (/INPUT|TEXTAREA|SELECT/.test(e.target.tagName) && e.target.type !== 'checkbox') { if (e.key === 'Escape') e.target.blur(); if (!mod) return; }
  if (e.key === 'Escape' && d.querySelector(':popover-open')) return;
  const field = e.key === '/' && !mod && all('[data-search]').filter(seen).pop();
  if (field) { e.preventDefault(); field.focus(); field.select(); return; }
  const button = !mod && d.getElementById(arrows[e.key]);
  if (button) { e.preventDefault(); button.click(); return; }
  if (press((mod ? 'mod+' : '') + e.key)) e.preventDefault();
});
setInterval(() => { if (!d.hidden) all('#lf-beat').forEach(b => b.click()); }, 3000);
})();
"""

SCROLLED = "(document.querySelector('.lf-tablewrap')?.scrollTop ?? 0)"  # an event's argument: how far the table is scrolled, in pixels
