// What is wrong with the layout of the page: text or controls cut off, over one another, or too small for a thumb.
(minimumTarget) => {
  const problems = [];
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width) {
    problems.push(`scrolls sideways: ${document.documentElement.scrollWidth} px in ${width}`);
  }
  const visible = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const name = (node) => node.textContent.trim().replace(/\s+/g, ' ').slice(0, 40);

  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!node.textContent.trim() || !visible(node.parentElement)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const rect of range.getClientRects()) {
      if (rect.width < 1 || rect.height < 1) continue;
      if (rect.left < -0.5 || rect.right > width + 0.5) problems.push(`"${name(node)}" is cut off at the side`);
      // Line boxes are higher than their letters; what matters is that letters do not touch.
      texts.push({ node, left: rect.left + 1, right: rect.right - 1, top: rect.top + rect.height * 0.2, bottom: rect.bottom - rect.height * 0.2 });
    }
  }
  for (const [index, one] of texts.entries()) {
    for (const other of texts.slice(index + 1)) {
      if (one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom) {
        problems.push(`"${name(one.node)}" and "${name(other.node)}" overlap`);
      }
    }
  }
  for (const element of document.querySelectorAll('td, th, p, a, h1, h2, li')) {
    if (visible(element) && element.clientWidth && element.scrollWidth > element.clientWidth + 1) {
      problems.push(`<${element.localName}> "${name(element)}" is wider than its frame`);
    }
  }
  for (const control of document.querySelectorAll('a[href], button')) {
    const { height } = control.getBoundingClientRect();
    if (visible(control) && height < minimumTarget) problems.push(`"${name(control)}" is only ${height} px high`);
  }
  return [...new Set(problems)];
};
