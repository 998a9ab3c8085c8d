import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** How much memory this process holds, on and off the heap, once the garbage is gone. */
export async function retainedBytes(): Promise<number> {
  collectGarbage();
  // What buffers have held off the heap is given back in turns of its own.
  await nextTurn();
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
