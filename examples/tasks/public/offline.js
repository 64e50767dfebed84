// Keeps the page and its files, so that it opens without a connection. Data is none of its
// business: the client keeps results and unsent changes itself.
const CACHE = "page";

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(keepPage());
});

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { pathname } = new URL(request.url);
  if (request.mode === "navigate" && pathname === "/") event.respondWith(newestPage(request));
  else if (pathname.startsWith("/assets/")) event.respondWith(keptFile(request));
});

// The names of the files contain their hashes: what is kept under a name is never out of date.
async function keepPage() {
  const response = await fetch("/", { cache: "no-store" });
  const html = await response.clone().text();
  const files = [...html.matchAll(/"(\/assets\/[^"]+)"/g)].map(([, path]) => path);
  const cache = await caches.open(CACHE);
  await cache.addAll(files);
  await cache.put("/", response);
  for (const { url } of await cache.keys()) {
    const { pathname } = new URL(url);
    if (pathname !== "/" && !files.includes(pathname)) await cache.delete(url);
  }
}

async function newestPage(request) {
  try {
    const response = await fetch(request);
    if (response.ok) await keepPage();
    return response;
  } catch (error) {
    const kept = await caches.match("/");
    if (kept) return kept;
    throw error;
  }
}

async function keptFile(request) {
  return (await caches.match(request)) ?? fetch(request);
}
