// Finds faults of the layout that no screenshot comparison would explain: text that is cut off, a row of tiles with a hole,
// a table that scrolls sideways without a sign, a list with the browser's own bullets, and text off the line beside it.

/** The sizes of a window and the colour schemes in which pages are looked at. */
export const SHAPES = [[1440, 900], [768, 1024], [390, 844]].flatMap(([width, height]) => ['light', 'dark'].map((scheme) => ({ width, height, scheme })));

/** Narrow windows. */
export const PHONES = [{ width: 390, height: 844 }, { width: 320, height: 844 }];

/**
 * Looks at the open page in each shape: nothing is off the screen, the layout has no fault, and axe finds nothing. Saves a
 * screenshot of each, if they are asked for. Returns a sentence for each fault. `more` finds faults of a page of this kind.
 */
export async function faultsIn(person, name, { shapes = SHAPES, more = () => [] } = {}) {
  const faults = [];
  for (const shape of shapes) {
    await person.reshape(shape);
    await person.settled().catch((error) => faults.push(error.message));
    await person.screenshot(`${name}-${shape.width}-${shape.scheme ?? 'light'}`);
    const found = [...(await layoutFaults(person.page)), ...(await more(person, shape))];
    faults.push(...found.map((fault) => `${name}, ${shape.width} wide, ${shape.scheme ?? 'light'}: ${fault}`));
  }
  return faults;
}

/** Returns a sentence for each fault of the open page as it is shown. */
export function layoutFaults(page) {
  return page.evaluate(findFaults);
}

/** Runs in the page. */
function findFaults() {
  const faults = [];
  const { scrollWidth, clientWidth } = document.documentElement;
  const named = (element) => `"${(element.textContent ?? '').trim().replace(/\s+/g, ' ').slice(0, 50)}"`;
  if (scrollWidth > clientWidth) {
    const wide = [...document.body.querySelectorAll('*')].filter((one) => one.getBoundingClientRect().right > clientWidth + 1);
    faults.push(`the page is ${scrollWidth - clientWidth} pixels too wide, by ${wide.slice(-3).map((one) => `<${one.localName}> ${named(one)}`).join(', ')}`);
  }
  // A table drawn as cards keeps its header for assistive technology only.
  const clipped = (element) => element && getComputedStyle(element).clipPath !== 'none';
  const shown = (element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest('.sr-only') && !clipped(element) && !clipped(element.closest('thead'));
  const scrolls = (element) => {
    for (let above = element; above; above = above.parentElement) {
      if (['auto', 'scroll'].includes(getComputedStyle(above).overflowX) && above.scrollWidth > above.clientWidth) return true;
    }
    return false;
  };
  const textNodes = (root) => {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    const found = [];
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (node.data.trim() && shown(node.parentElement)) found.push(node);
    }
    return found;
  };
  const rects = (node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    return [...range.getClientRects()].filter((rect) => rect.width > 0);
  };

  const folds = [...document.querySelectorAll('[data-more-filters] > details:not([open])')];
  for (const fold of folds) fold.open = true;
  for (const menu of document.querySelectorAll('details[data-popup]:not([open])')) {
    if (!shown(menu)) continue;
    menu.open = true;
    const popup = menu.lastElementChild;
    const { left, right } = popup.getBoundingClientRect();
    if (left < 0 || right > clientWidth || popup.scrollWidth > popup.clientWidth) faults.push(`the menu ${named(menu.firstElementChild)} goes from ${left} to ${right}, and its content needs ${popup.scrollWidth - popup.clientWidth} pixels more`);
    menu.open = false;
  }
  for (const fold of folds) fold.open = false;

  for (const card of document.querySelectorAll('main [data-card], main [data-notice], main [data-stats]')) {
    const { right } = card.getBoundingClientRect();
    for (const node of textNodes(card)) {
      if (scrolls(node.parentElement) || getComputedStyle(node.parentElement).textOverflow === 'ellipsis') continue;
      if (rects(node).some((rect) => rect.right > right + 1)) faults.push(`${named(node)} is cut off at the right`);
    }
  }

  for (const stats of document.querySelectorAll('[data-stats]')) {
    const tiles = [...stats.children].map((tile) => tile.getBoundingClientRect());
    const edge = Math.max(...tiles.map((tile) => tile.right));
    const bottom = Math.max(...tiles.map((tile) => tile.bottom));
    const last = tiles.filter((tile) => Math.abs(tile.bottom - bottom) < 1);
    if (Math.max(...last.map((tile) => tile.right)) < edge - 2) faults.push(`the last row of tiles has a hole: ${named(stats)}`);
  }

  for (const table of document.querySelectorAll('[data-table]')) {
    const sign = getComputedStyle(table).backgroundImage.includes('gradient');
    if (table.scrollWidth > table.clientWidth && !sign) faults.push(`the table ${table.ariaLabel} scrolls sideways without a sign`);
  }

  for (const list of document.querySelectorAll('main ul')) {
    const bare = getComputedStyle(list).listStyleType === 'disc' && getComputedStyle(list).paddingLeft === '40px';
    if (bare && shown(list)) faults.push(`a list has the browser's own bullets: ${named(list)}`);
  }

  for (const row of document.querySelectorAll('main tbody tr, main .items-baseline')) {
    // Only rows of one line can be compared: text of the same size in them has the same top.
    const lines = [...row.children].filter(shown).flatMap((cell) => {
      const nodes = textNodes(cell).filter((node) => !node.parentElement.closest('[data-badge=pill], [data-environment], [data-pci]'));
      const boxes = nodes.flatMap(rects);
      const one = boxes.length && boxes.every((box) => Math.abs(box.top - boxes[0].top) < 5);
      return one ? [{ cell, top: boxes[0].top, size: getComputedStyle(nodes[0].parentElement).font }] : [];
    });
    for (const line of lines.slice(1)) {
      const off = Math.abs(line.top - lines[0].top);
      if (line.size === lines[0].size && off > 0.75 && off < 5) {
        faults.push(`${named(line.cell)} is ${off.toFixed(1)} px off the line of ${named(lines[0].cell)}`);
      }
    }
  }
  return [...new Set(faults)];
}
