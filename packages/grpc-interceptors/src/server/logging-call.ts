import type { Logger } from "@grpc-kit/grpc-context";
import type { CallHook, CallOutcome, InterceptedCall } from "./call-hook.ts";
import type { CallLog } from "./logging-call-log.ts";
import { childLogger } from "./logging-child.ts";
import { idFields } from "./logging-fields.ts";

/**
 * Logs one call, and is the logger that its handler gets: one object, since every call needs both. Few
 * handlers log, so it makes its child late.
 */
export class LoggedCall implements CallHook, Logger {
  protected readonly call: InterceptedCall;
  protected readonly log: CallLog;
  #child: Logger | undefined;

  constructor(call: InterceptedCall, log: CallLog) {
    this.call = call;
    this.log = log;
  }

  onEnd(outcome: CallOutcome): void {
    this.log.writeEnd(this.call, outcome);
  }

  debug(fields: object, message: string): void {
    this.#own.debug(fields, message);
  }

  info(fields: object, message: string): void {
    this.#own.info(fields, message);
  }

  warn(fields: object, message: string): void {
    this.#own.warn(fields, message);
  }

  error(fields: object, message: string): void {
    this.#own.error(fields, message);
  }

  get #own(): Logger {
    this.#child ??= childLogger(this.log.logger, idFields(this.call));
    return this.#child;
  }
}

/** Logs the messages of a call as well. */
export class PayloadLoggedCall extends LoggedCall {
  readonly #textOf: (message: unknown) => string;

  constructor(call: InterceptedCall, log: CallLog, textOf: (message: unknown) => string) {
    super(call, log);
    this.#textOf = textOf;
  }

  onMessage(message: unknown): void {
    const fields = { "grpc.request.content": this.#textOf(message) };
    this.log.writeEvent(this.call, "received message", fields);
  }

  onSendMessage(message: unknown): void {
    const fields = { "grpc.response.content": this.#textOf(message) };
    this.log.writeEvent(this.call, "sent message", fields);
  }
}
