export interface Progress {
  /** Counts what is done. */
  add(count: number): void;
  /** Prints the last line. */
  end(): void;
}

export interface ProgressOptions {
  /** "creating" */
  readonly label: string;
  readonly total: number;
  /** Default: stdout. */
  readonly stream?: Pick<NodeJS.WriteStream, "write"> & { readonly isTTY?: boolean };
  /** Default: that of the process. */
  readonly now?: () => number;
}

const terminalMs = 100;
const lineMs = 1_000;

/** Shows how far long work is: on a terminal in one line that changes, else in a line a second. */
export function showProgress({
  label,
  total,
  stream = process.stdout,
  now = () => performance.now(),
}: ProgressOptions): Progress {
  const everyMs = stream.isTTY ? terminalMs : lineMs;
  const startMs = now();
  let done = 0;
  let nextMs = startMs + everyMs;

  const line = (): string => {
    const perSecond = Math.round((done * 1_000) / Math.max(now() - startMs, 1));
    const percent = total === 0 ? 100 : Math.floor((done * 100) / total);
    const [count, of, rate] = [done, total, perSecond].map((each) => each.toLocaleString("en"));
    return `  ${label} ${count} of ${of} items (${percent} %), ${rate} a second`;
  };
  const print = (ending: string): void => {
    // Erases what a longer line has left.
    stream.write(stream.isTTY ? `\r${line()}\u001b[K${ending}` : `${line()}\n`);
  };
  return {
    add(count) {
      done += count;
      if (now() >= nextMs) {
        nextMs = now() + everyMs;
        print("");
      }
    },
    end: () => print("\n"),
  };
}
