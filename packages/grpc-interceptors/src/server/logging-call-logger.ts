import type { Logger } from "@grpc-kit/grpc-context";

/** As pino has it. */
interface ParentLogger extends Logger {
  child?(fields: object): Logger;
}

/** A logger whose lines carry fields. Made for each call, and used by few: so it makes its child late. */
export class CallLogger implements Logger {
  readonly #parent: ParentLogger;
  readonly #fields: object;
  #child: Logger | undefined;

  constructor(parent: ParentLogger, fields: object) {
    this.#parent = parent;
    this.#fields = fields;
  }

  debug(fields: object, message: string): void {
    this.#log.debug(fields, message);
  }

  info(fields: object, message: string): void {
    this.#log.info(fields, message);
  }

  warn(fields: object, message: string): void {
    this.#log.warn(fields, message);
  }

  error(fields: object, message: string): void {
    this.#log.error(fields, message);
  }

  get #log(): Logger {
    this.#child ??= this.#parent.child?.(this.#fields) ?? withFields(this.#parent, this.#fields);
    return this.#child;
  }
}

function withFields(parent: Logger, own: object): Logger {
  // pino takes an error in the place of fields.
  const merge = (fields: object): object =>
    fields instanceof Error ? { ...own, err: fields } : { ...own, ...fields };
  return {
    debug: (fields, message) => parent.debug(merge(fields), message),
    info: (fields, message) => parent.info(merge(fields), message),
    warn: (fields, message) => parent.warn(merge(fields), message),
    error: (fields, message) => parent.error(merge(fields), message),
  };
}
