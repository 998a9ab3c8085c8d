import type { ChildProcess } from "node:child_process";
import type { ProbeCommand, ProbeReply, ProbeRequest, ProcessState } from "./process-state.ts";

const timeoutMs = 60_000;

/** Asks the probe in a process. A question is rejected when the process ends, or does not answer in a minute. */
export function createProbe(child: ChildProcess): (command: ProbeCommand) => Promise<ProcessState> {
  let lastId = 0;
  const asked = new Map<number, PromiseWithResolvers<ProcessState>>();
  child.on("message", (reply: Partial<ProbeReply>) => {
    if (reply.probeId !== undefined && reply.state !== undefined) {
      asked.get(reply.probeId)?.resolve(reply.state);
    }
  });
  child.once("exit", (code, signal) => {
    for (const { reject } of asked.values()) {
      reject(new Error(`item-service has ended with ${code ?? signal}`));
    }
  });
  return async (probe) => {
    if (!child.connected) {
      throw new Error(`item-service has ended with ${child.exitCode ?? child.signalCode}`);
    }
    lastId += 1;
    const request: ProbeRequest = { probe, id: lastId };
    const answer = Promise.withResolvers<ProcessState>();
    asked.set(request.id, answer);
    const timer = setTimeout(
      () => answer.reject(new Error(`item-service has not answered its probe for ${timeoutMs} ms`)),
      timeoutMs,
    );
    // Its callback takes the error of a channel that closes meanwhile.
    child.send(request, () => {});
    try {
      return await answer.promise;
    } finally {
      clearTimeout(timer);
      asked.delete(request.id);
    }
  };
}
