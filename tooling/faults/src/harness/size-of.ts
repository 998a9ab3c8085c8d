/** A number of the environment, for the full size of a row. */
export function sizeOf(name: string, usual: number): number {
  const size = Number(process.env[name] ?? usual);
  if (!(size > 0)) {
    throw new RangeError(`${name} must be a number above 0, got ${process.env[name]}`);
  }
  return size;
}
