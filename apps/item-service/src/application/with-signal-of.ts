import type { RepositoryCall } from "./item-repository.ts";

/** A call with `extra` and the signal of `call`, which costs something and is made when asked for. */
export function withSignalOf<Extra extends object>(
  call: RepositoryCall,
  extra: Extra,
): Extra & RepositoryCall {
  return {
    ...extra,
    get signal() {
      return call.signal;
    },
  };
}
