// @ts-check
// What the page does in a browser: filters, moving between boxes, and opening a page of a cell. It goes into the report as it stands here.

(() => {
  const overview = need('overview');
  const detail = need('detail');
  const filters = /** @type {HTMLFormElement} */ (need('filters'));
  const shown = need('shown');
  const boxes = /** @type {HTMLAnchorElement[]} */ ([...document.querySelectorAll('a.box')]);
  const stateButtons = /** @type {HTMLButtonElement[]} */ ([...filters.querySelectorAll('button[data-state]')]);
  const title = document.title;
  /** @type {string | undefined} */
  let openPage;

  /** @param {string} id */
  function need(id) {
    const found = document.getElementById(id);
    if (found === null) throw new Error(`the page has no #${id}`);
    return found;
  }

  /**
   * A page lies compressed in a data block: hundreds of them would be slow to lay out. What comes out was escaped when the report was written.
   * @param {Element} block
   */
  async function unpack(block) {
    const packed = Uint8Array.from(atob((block.textContent ?? '').trim()), (char) => char.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
    return new Response(stream).text();
  }

  /** The page that the address names: `cell/ID`, `scenario/NAME` or `exploration/ID`. */
  function wanted() {
    const match = /^#\/((?:cell|scenario|exploration)\/.+)$/.exec(location.hash);
    if (match === null) return undefined;
    try {
      return decodeURIComponent(match[1] ?? '');
    } catch {
      return undefined;
    }
  }

  async function show() {
    const page = wanted();
    const block = page === undefined ? null : document.querySelector(`script[data-page="${CSS.escape(page)}"]`);
    const left = openPage;
    openPage = block === null ? undefined : page;
    if (block === null) {
      detail.hidden = true;
      overview.hidden = false;
      document.title = title;
      if (left !== undefined) back(left);
      else readFilters();
      return;
    }
    const html = await unpack(block);
    if (openPage !== page) return;
    need('page').innerHTML = html;
    neighbours(page ?? '');
    overview.hidden = true;
    detail.hidden = false;
    const heading = detail.querySelector('h2');
    document.title = `${(heading?.textContent ?? '').trim()} · ${title}`;
    window.scrollTo(0, 0);
    heading?.focus();
  }

  /**
   * Back at the matrix the reader is where they left.
   * @param {string} page
   */
  function back(page) {
    readFilters();
    const [kind, name] = [page.slice(0, page.indexOf('/')), page.slice(page.indexOf('/') + 1)];
    const place =
      kind === 'cell'
        ? boxes.find((box) => box.dataset.cell === name)
        : document.querySelector(`a[href="#/${kind}/${CSS.escape(encodeURIComponent(name))}"]`);
    if (place instanceof HTMLElement) place.focus();
  }

  /**
   * The cells before and after, in the order of the matrix, of those that the filters show.
   * @param {string} page
   */
  function neighbours(page) {
    const list = boxes.filter((box) => !box.classList.contains('out'));
    const index = list.findIndex((box) => `cell/${box.dataset.cell}` === page);
    for (const [id, box] of /** @type {const} */ ([
      ['previous', list[index - 1]],
      ['next', index === -1 ? undefined : list[index + 1]],
    ])) {
      const link = /** @type {HTMLAnchorElement} */ (need(id));
      link.hidden = box === undefined;
      if (box !== undefined) link.href = box.hash;
    }
  }

  /** The filters that are set, by name. */
  function chosen() {
    const set = new URLSearchParams();
    for (const select of filters.querySelectorAll('select'))
      if (select.value !== '') set.set(select.name, select.value);
    const states = stateButtons.filter((button) => button.getAttribute('aria-pressed') === 'true');
    if (states.length > 0) set.set('state', states.map((button) => button.dataset.state).join(' '));
    return set;
  }

  function apply() {
    const set = chosen();
    let count = 0;
    for (const box of boxes) {
      const fits = [...set].every(([name, value]) => {
        const has = (box.dataset[name] ?? '').split(' ');
        return name === 'state' ? value.split(' ').some((one) => has.includes(one)) : has.includes(value);
      });
      box.classList.toggle('out', !fits);
      if (fits) count += 1;
    }
    const holders = '#matrix tbody, #matrix tbody tr:not(.group), .scenarios > li, .scenarios > li li';
    for (const holder of document.querySelectorAll(holders)) {
      if (holder instanceof HTMLElement) holder.hidden = holder.querySelector('a.box:not(.out)') === null;
    }
    shown.textContent = `${count} of ${boxes.length} shown`;
    return set;
  }

  /** A filtered matrix has an address of its own, to be sent to somebody. */
  function filter() {
    const set = apply();
    history.replaceState(null, '', set.size === 0 ? location.pathname + location.search : `#?${set}`);
  }

  function readFilters() {
    if (!location.hash.startsWith('#?')) {
      if (location.hash === '' || location.hash === '#') filter();
      return;
    }
    const set = new URLSearchParams(location.hash.slice(2));
    for (const select of filters.querySelectorAll('select')) select.value = set.get(select.name) ?? '';
    const states = (set.get('state') ?? '').split(' ');
    for (const button of stateButtons)
      button.setAttribute('aria-pressed', String(states.includes(button.dataset.state ?? '')));
    apply();
  }

  filters.addEventListener('change', filter);
  filters.addEventListener('submit', (event) => event.preventDefault());
  filters.addEventListener('reset', () => {
    for (const button of stateButtons) button.setAttribute('aria-pressed', 'false');
    // The form has its first values only after this event.
    queueMicrotask(() => setTimeout(filter));
  });
  for (const button of stateButtons) {
    button.addEventListener('click', () => {
      button.setAttribute('aria-pressed', String(button.getAttribute('aria-pressed') !== 'true'));
      filter();
    });
  }

  /** Arrow keys move through the matrix as through a table. */
  need('overview').addEventListener('keydown', (event) => {
    const from = /** @type {Element} */ (event.target);
    const cell = from.closest('#matrix td');
    if (!from.matches('a.box') || cell === null) return;
    const row = /** @type {HTMLTableRowElement} */ (cell.parentElement);
    const column = [...row.cells].indexOf(/** @type {HTMLTableCellElement} */ (cell));
    const rows = /** @type {HTMLTableRowElement[]} */ ([...document.querySelectorAll('#matrix tbody tr:not(.group)')]);
    const inColumn = rows.map((one) => one.cells[column]);
    /** @param {(Element | undefined)[]} cells */
    const first = (cells) =>
      cells.map((one) => one?.querySelector('a.box:not(.out)')).find((box) => box instanceof HTMLElement);
    const at = rows.indexOf(row);
    const cells = [...row.cells];
    /** @type {Record<string, () => Element | null | undefined>} */
    const moves = {
      ArrowRight: () => first(cells.slice(column + 1)),
      ArrowLeft: () => first(cells.slice(0, column).reverse()),
      ArrowDown: () => first(inColumn.slice(at + 1)),
      ArrowUp: () => first(inColumn.slice(0, at).reverse()),
    };
    const to = moves[event.key]?.();
    if (!(to instanceof HTMLElement)) return;
    event.preventDefault();
    to.focus();
  });

  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && openPage !== undefined) leave();
  });

  function leave() {
    const set = chosen();
    location.hash = set.size === 0 ? '' : `?${set}`;
  }

  document.addEventListener('click', (event) => {
    const target = /** @type {Element} */ (event.target);
    if (target.closest('#back') !== null) {
      event.preventDefault();
      leave();
    }
    const tick = /** @type {HTMLElement | null} */ (target.closest('button.tick'));
    if (tick !== null) {
      const point = document.getElementById(tick.dataset.point ?? '');
      if (point instanceof HTMLDetailsElement) {
        point.open = true;
        point.scrollIntoView({ block: 'center' });
        point.querySelector('summary')?.focus({ preventScroll: true });
      }
    }
    const copy = /** @type {HTMLElement | null} */ (target.closest('button.copy'));
    if (copy !== null) {
      navigator.clipboard?.writeText(copy.dataset.copy ?? '').then(
        () => {
          copy.textContent = 'Copied';
        },
        () => {
          copy.textContent = 'Select it';
        },
      );
    }
  });

  window.addEventListener('hashchange', show);
  show();
})();
