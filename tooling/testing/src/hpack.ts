// https://www.rfc-editor.org/rfc/rfc7541: an encoder without Huffman coding.

/** The index of the entry that was added to the peer's dynamic table last. */
export const latestEntry = 62;

/** An entry that the peer does not remember. */
export function literal(name: string, value: string | Buffer): Buffer {
  return Buffer.concat([Buffer.of(0), text(name), text(value)]);
}

/** An entry that the peer adds to its dynamic table, if it is no larger than the table's 4,096 bytes. */
export function remembered(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.of(0x40), text(name), text(value)]);
}

/** An entry of the static or dynamic table. */
export function indexed(index: number): Buffer {
  return integer(0x80, 7, index);
}

export type Entries = readonly (readonly [name: string, value: string | Buffer])[];

export function encodeHead(entries: Entries): Buffer {
  return Buffer.concat(entries.map(([name, value]) => literal(name, value)));
}

/** The head of a call, with entries besides. */
export function callHead(path: string, more: Readonly<Record<string, string>> = {}): Entries {
  return Object.entries({
    ":method": "POST",
    ":scheme": "http",
    ":path": path,
    ":authority": "127.0.0.1",
    "content-type": "application/grpc",
    te: "trailers",
    ...more,
  });
}

function text(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([integer(0, 7, bytes.byteLength), bytes]);
}

function integer(first: number, prefixBits: number, value: number): Buffer {
  const most = 2 ** prefixBits - 1;
  if (value < most) {
    return Buffer.of(first | value);
  }
  const bytes = [first | most];
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) {
    bytes.push(128 + (rest % 128));
  }
  return Buffer.of(...bytes, rest);
}
