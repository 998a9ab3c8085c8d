import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { fileURLToPath } from "node:url";

/** A server of the fixture service in a process of its own, and a connection to it. */
export interface Engine {
  readonly name: string;
  readonly port: number;
  readonly child: ChildProcess;
  readonly session: ClientHttp2Session;
}

/** What a process has used so far, and what it holds. */
export interface Usage {
  readonly cpuMicroseconds: number;
  readonly rssBytes: number;
  /** What lives in V8's heap and beside it. */
  readonly heapBytes: number;
}

/** Runs `file` with a name as its argument. It must call `tellUsage` when it serves. */
export async function startEngine(file: URL, name: string): Promise<Engine> {
  const child = fork(fileURLToPath(file), [name], {
    execArgv: ["--conditions=@grpc-kit/source", "--expose-gc"],
  });
  const { port } = await nextMessage<{ readonly port: number }>(child, name);
  const session = connect(`http://127.0.0.1:${port}`);
  return { name, port, child, session };
}

export function stopEngine({ child, session }: Engine): void {
  session.destroy();
  child.kill();
  // One that ends in its own time would wait for what this process may still tell it.
  if (child.connected) {
    child.disconnect();
  }
}

/** Tells the parent process the port, and what this one uses whenever it is asked. */
export function tellUsage(port: number): void {
  process.on("SIGINT", () => process.exit());
  process.on("disconnect", () => process.exit());
  process.on("message", (question) => {
    if (question === "live") {
      globalThis.gc?.();
    }
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed, external } = process.memoryUsage();
    const usage: Usage = {
      cpuMicroseconds: user + system,
      rssBytes: rss,
      heapBytes: heapUsed + external,
    };
    process.send?.(usage);
  });
  process.send?.({ port });
}

/** What the process of an engine has used. */
export function usageOf(engine: Engine): Promise<Usage> {
  return ask(engine, "all");
}

/** The same, once its garbage has been collected. */
export function liveUsageOf(engine: Engine): Promise<Usage> {
  return ask(engine, "live");
}

function ask({ child, name }: Engine, question: "all" | "live"): Promise<Usage> {
  const answer = nextMessage<Usage>(child, name);
  child.send(question);
  return answer;
}

/** Rejects if the process ends first. */
async function nextMessage<Message>(child: ChildProcess, name: string): Promise<Message> {
  const settled = new AbortController();
  const { signal } = settled;
  const message = once(child, "message", { signal }) as Promise<[Message]>;
  const end = once(child, "exit", { signal }).then(([code, killedBy]) => {
    throw new Error(`the server ${name} has ended with ${code ?? killedBy}: see above`);
  });
  try {
    return (await Promise.race([message, end]))[0];
  } finally {
    settled.abort();
  }
}
