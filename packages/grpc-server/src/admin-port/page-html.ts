/** The page with its script and style in place. What it shows comes from `/status.json` alone. */
export function pageHtml({
  script,
  style,
}: {
  readonly script: string;
  readonly style: string;
}): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>gRPC server</title>
<link rel="icon" href="${icon}">
<style>${style}</style>
</head>
<body>
<header>
  <div>
    <h1 id="title">gRPC server</h1>
    <p id="uptime" class="quiet">&nbsp;</p>
  </div>
  <p id="state" class="state" role="status">Connecting</p>
</header>
<main id="main">
  <noscript><p class="card">This page needs JavaScript. The same numbers are at <a href="metrics">/metrics</a>.</p></noscript>
  <section id="now" class="tiles" aria-label="Calls now" hidden></section>
  <section id="server" class="card" hidden><h2>Calls served</h2></section>
  <section id="client" class="card" hidden><h2>Calls made</h2></section>
  <p id="empty" class="card quiet" hidden>No calls have been counted yet.</p>
  <div class="columns">
    <section id="dependencies" class="card" hidden><h2>Dependencies</h2></section>
    <section id="circuits" class="card" hidden><h2>Circuits</h2></section>
    <section id="workers" class="card" hidden><h2>Processes</h2><p id="pool" class="quiet" hidden></p></section>
  </div>
</main>
<footer class="quiet">
  <p>Rates are of the last 10 seconds, latencies and failures of the last minute. Results are since the start, (+n) in the last minute.</p>
  <p><a href="metrics">metrics</a> <a href="status.json">status.json</a> <a href="readyz">readyz</a> <a href="healthz">healthz</a></p>
</footer>
<script>${script}</script>
</body>
</html>
`;
}

const icon =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E" +
  "%3Crect width='16' height='16' rx='4' fill='%230f7681'/%3E" +
  "%3Cpath d='M2.5 9h2.6l2-5 2.4 8.5 1.6-3.5h2.4' fill='none' stroke='%23fff' " +
  "stroke-width='1.5' stroke-linejoin='round' stroke-linecap='round'/%3E%3C/svg%3E";
