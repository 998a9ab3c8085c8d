import { experimental, type LoadBalancingConfig, type Metadata } from "@grpc/grpc-js";
import {
  type AttemptWatcher,
  attemptWatcherOf,
  type Peer,
  previousAttemptsKey,
} from "./attempt-watcher.ts";

const {
  ChildLoadBalancerHandler,
  createChildChannelControlHelper,
  isLoadBalancerNameRegistered,
  PickResultType,
  registerLoadBalancerType,
  selectLbConfigFromList,
  SUBCHANNEL_ARGS_EXCLUDE_KEY_PREFIX,
} = experimental;

const policyName = "grpc_kit_attempts";

/** The channel option with an AddressListener. It does not keep channels from sharing connections. */
export const addressListenerOption: string = `${SUBCHANNEL_ARGS_EXCLUDE_KEY_PREFIX}.grpc-kit.addresses`;

export interface AddressListener {
  /** Told how many addresses the target has, each time that it is resolved. */
  onAddresses(count: number): void;
}

/**
 * A load balancing policy that does as the first of `child` that grpc-js knows, and tells calls of
 * their attempts, for which grpc-js has no other hook.
 */
export function watchedLoadBalancing(child: readonly LoadBalancingConfig[]): LoadBalancingConfig[] {
  if (!isLoadBalancerNameRegistered(policyName)) {
    registerLoadBalancerType(policyName, AttemptBalancer, AttemptConfig);
  }
  return [{ [policyName]: { child } }] as unknown as LoadBalancingConfig[];
}

class AttemptConfig implements experimental.TypedLoadBalancingConfig {
  readonly child: experimental.TypedLoadBalancingConfig;

  constructor(child: experimental.TypedLoadBalancingConfig) {
    this.child = child;
  }

  static createFromJson({ child }: { child: LoadBalancingConfig[] }): AttemptConfig {
    const config = selectLbConfigFromList(child);
    if (config === null) {
      throw new TypeError(`grpc-js knows none of these load balancers: ${JSON.stringify(child)}`);
    }
    return new AttemptConfig(config);
  }

  getLoadBalancerName(): string {
    return policyName;
  }

  toJsonObject(): object {
    return { [policyName]: { child: [this.child.toJsonObject()] } };
  }
}

class AttemptBalancer implements experimental.LoadBalancer {
  readonly #child: experimental.LoadBalancer;

  constructor(helper: experimental.ChannelControlHelper) {
    this.#child = new ChildLoadBalancerHandler(
      createChildChannelControlHelper(helper, {
        updateState: (state, picker, message) =>
          helper.updateState(state, new AttemptPicker(picker), message),
      }),
    );
  }

  updateAddressList(
    ...[endpoints, config, options, note]: Parameters<
      experimental.LoadBalancer["updateAddressList"]
    >
  ): boolean {
    if (!(config instanceof AttemptConfig)) {
      return false;
    }
    if (endpoints.ok) {
      const listener = options[addressListenerOption] as AddressListener | undefined;
      listener?.onAddresses(endpoints.value.length);
    }
    return this.#child.updateAddressList(endpoints, config.child, options, note);
  }

  exitIdle(): void {
    this.#child.exitIdle();
  }

  resetBackoff(): void {
    this.#child.resetBackoff();
  }

  destroy(): void {
    this.#child.destroy();
  }

  getTypeName(): string {
    return policyName;
  }
}

class AttemptPicker implements experimental.Picker {
  readonly #picker: experimental.Picker;

  constructor(picker: experimental.Picker) {
    this.#picker = picker;
  }

  pick(args: experimental.PickArgs): experimental.PickResult {
    const watcher = attemptWatcherOf(args.metadata);
    if (watcher === undefined) {
      return this.#picker.pick(args);
    }
    if (!maySend(watcher, args.metadata)) {
      // It waits until grpc-js knows that the call is over; a hedge, until the one attempt has ended.
      return queued;
    }
    const result = this.#pickUntried(args, watcher);
    switch (result.pickResultType) {
      case PickResultType.COMPLETE:
        return result.subchannel === null ? result : watched(result, result.subchannel, watcher);
      case PickResultType.TRANSIENT_FAILURE:
        return watcher.isSingle && args.metadata.getOptions().waitForReady !== true
          ? { ...result, pickResultType: PickResultType.DROP }
          : result;
      default:
        return result;
    }
  }

  // A server that has just failed the call, or is slow with it, had better not have the next attempt.
  #pickUntried(args: experimental.PickArgs, watcher: AttemptWatcher): experimental.PickResult {
    let result = this.#picker.pick(args);
    for (let more = watcher.attempts; more > 0; more -= 1) {
      if (result.subchannel === null || !watcher.hasTried(result.subchannel)) {
        return result;
      }
      result = this.#picker.pick(args);
    }
    return result;
  }
}

// A hedge may be due before the first attempt has started.
function maySend(watcher: AttemptWatcher, metadata: Metadata): boolean {
  return watcher.maySend() && !(watcher.isSingle && metadata.get(previousAttemptsKey).length > 0);
}

const queued: experimental.PickResult = {
  pickResultType: PickResultType.QUEUE,
  subchannel: null,
  status: null,
  onCallStarted: null,
  onCallEnded: null,
};

function watched(
  result: experimental.PickResult,
  subchannel: Peer,
  watcher: AttemptWatcher,
): experimental.PickResult {
  const { onCallStarted, onCallEnded } = result;
  let position = 0;
  return {
    pickResultType: result.pickResultType,
    subchannel: result.subchannel,
    status: null,
    onCallStarted: () => {
      onCallStarted?.();
      watcher.onAttemptStarted(subchannel);
      position = watcher.attempts;
    },
    onCallEnded: (code, details, trailers) => {
      onCallEnded?.(code, details, trailers);
      watcher.onAttemptEnded(code, details, trailers, { position, peer: subchannel });
    },
  };
}
