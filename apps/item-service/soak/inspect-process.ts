export interface ProcessState {
  readonly pid: number;
  /** Bytes of the heap that are in use, right after a garbage collection. */
  readonly heapBytes: number;
  /** Bytes that the process has of the machine's memory. */
  readonly memoryBytes: number;
  /** What keeps the process alive: sockets, timers, watchers. */
  readonly resources: number;
  /** Open files and sockets. Undefined where the system does not tell. */
  readonly files: number | undefined;
}

const expression = `(() => {
  const { heapUsed, rss } = process.memoryUsage();
  const { readdirSync } = process.getBuiltinModule("node:fs");
  let files;
  try { files = readdirSync("/proc/self/fd").length } catch {}
  const resources = process.getActiveResourcesInfo().length;
  return { pid: process.pid, heapBytes: heapUsed, memoryBytes: rss, resources, files };
})()`;

const timeoutMs = 30_000;

/**
 * Collects the garbage of another process and measures it, through its inspector: the process is
 * as it is in production. https://chromedevtools.github.io/devtools-protocol/v8/HeapProfiler/
 */
export async function inspectProcess(url: string): Promise<ProcessState> {
  const socket = new WebSocket(url);
  const opened = Promise.withResolvers<void>();
  const replies = new Map<number, (result: InspectorReply) => void>();
  socket.addEventListener("open", () => opened.resolve());
  socket.addEventListener("error", () =>
    opened.reject(new Error(`the process at ${url} has ended`)),
  );
  socket.addEventListener("message", ({ data }) => {
    const reply: InspectorReply = JSON.parse(String(data));
    replies.get(reply.id)?.(reply);
  });
  const request = (id: number, method: string, params = {}): Promise<InspectorReply> => {
    const { promise, resolve, reject } = Promise.withResolvers<InspectorReply>();
    replies.set(id, resolve);
    socket.addEventListener("close", () =>
      reject(new Error(`the process at ${url} has ended, or hangs`)),
    );
    socket.send(JSON.stringify({ id, method, params }));
    return promise;
  };
  const timer = setTimeout(() => socket.close(), timeoutMs);
  try {
    await opened.promise;
    await request(1, "HeapProfiler.collectGarbage");
    const { result } = await request(2, "Runtime.evaluate", { expression, returnByValue: true });
    if (result?.result?.value === undefined) {
      throw new Error(`${url} does not tell the state of its process`);
    }
    return result.result.value;
  } finally {
    clearTimeout(timer);
    // A process does not end while its inspector is in use.
    socket.close();
  }
}

interface InspectorReply {
  readonly id: number;
  readonly result?: { readonly result?: { readonly value?: ProcessState } };
}
