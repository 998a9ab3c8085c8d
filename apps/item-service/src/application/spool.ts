/** A value of a spool and where it stands in it, from 0. */
export interface Spooled<Value> {
  readonly position: number;
  readonly value: Value;
}

/** Keeps more values than fit into memory, until it is closed. */
export interface Spool<Value> {
  /** Adds a value. Positions must grow, and may leave some out. */
  add(position: number, value: Value): void;
  /** The value at `position`. Throws if there is none. */
  get(position: number): Value;
  /** All values in their order, in parts that fit into memory. */
  parts(): Iterable<readonly Spooled<Value>[]>;
  /** Drops the values. */
  close(): void;
}

/** Opens an empty spool for values that JSON can tell. Its caller closes it. */
export type OpenSpool = <Value>() => Spool<Value>;
