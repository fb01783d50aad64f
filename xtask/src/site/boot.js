
// Starts the module above, then calls the exported function of every <leptos-island>, outermost first, and runs the
// hydration callbacks of an island's children. Then marks the page as ready.
__wbg_init({ module_or_path: new URL("__WASM__", import.meta.url) }).then(async () => {
  hydrate();
  const islands = { __ISLANDS__ };
  const callbacks = [];
  async function walk(node) {
    const name = node.localName;
    if (name === "leptos-island") {
      callbacks.at(-1)?.();
      await islands[node.dataset.component]?.(node);
    } else if (name === "leptos-children") callbacks.push(node.$$on_hydrate);
    for (const child of node.children) await walk(child);
    if (name === "leptos-children") callbacks.pop();
  }
  await walk(document.body);
  document.documentElement.dataset.ready = "";
});
// For browsers without support for the command attribute.
if (!("command" in HTMLButtonElement.prototype))
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button[commandfor]");
    const dialog = button && document.getElementById(button.getAttribute("commandfor"));
    if (dialog) button.getAttribute("command") === "close" ? dialog.close() : dialog.showModal();
  });
