// Changes what is on the screen into what should be there, touching only what differs: the focus, a
// selection, an open menu and a scrolled list stay as they are while live events come in.

/** Elements with a key (their `key`, else their id) are recognised by it wherever they have moved. */
const keyOf = (node) => node.key ?? (node.id || null);

/** Returns the element that is in the page afterwards. */
export function morph(old, fresh) {
  if (old === fresh) return old;
  if (!isSame(old, fresh)) {
    old.replaceWith(fresh);
    return fresh;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return old;
  }
  morphAttributes(old, fresh);
  morphHandlers(old, fresh);
  morphChildren(old, fresh);
  // After the children: a select's value is one of its options.
  if ("value" in fresh && old !== document.activeElement && old.value !== fresh.value) old.value = fresh.value;
  return old;
}

const isSame = (old, fresh) => old.nodeName === fresh.nodeName && keyOf(old) === keyOf(fresh);

function morphAttributes(old, fresh) {
  for (const { name } of [...old.attributes]) {
    // What a person has opened stays open.
    if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    // A style attribute would be against the policy of the page; through the object model it is not.
    if (name !== "style" && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  if (old.style.cssText !== fresh.style.cssText) old.style.cssText = fresh.style.cssText;
}

function morphHandlers(old, fresh) {
  for (const name of Object.keys(old.handlers ?? {})) if (!fresh.handlers?.[name]) old[name] = null;
  Object.assign(old, fresh.handlers);
  old.handlers = fresh.handlers;
  old.tick = fresh.tick;
}

function morphChildren(old, fresh) {
  const keyed = new Map();
  for (const child of old.childNodes) if (keyOf(child) !== null) keyed.set(keyOf(child), child);
  let at = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    const key = keyOf(child);
    const known = key === null ? at : keyed.get(key);
    if (known && isSame(known, child)) {
      if (known === at) at = at.nextSibling;
      else old.insertBefore(known, at);
      morph(known, child);
    } else {
      old.insertBefore(child, at);
    }
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}
