type Labels = Readonly<Record<string, string>>;

/** Whether a selector selects what has these labels. One that is empty or missing selects nothing: nobody means it to select all. */
export function selects(selector: Labels | undefined, labels: Labels = {}): boolean {
  const wanted = Object.entries(selector ?? {});
  return wanted.length > 0 && wanted.every(([key, value]) => labels[key] === value);
}

/** The values that are there before, as often as they are there again. */
export function twice<Value>(values: readonly Value[]): readonly Value[] {
  return values.filter((value, index) => values.indexOf(value) !== index);
}
