import { describe, expect, it } from "vitest";
import type { ChannelOptions } from "./channel-options.ts";
import { resolveChannelOptions } from "./resolve-channel-options.ts";

const resolve = (options: object) => resolveChannelOptions(options as ChannelOptions, "host");

describe("the options of a channel", () => {
  it("have defaults", () => {
    const { security: _, ...options } = resolve({});
    expect(options).toEqual({
      loadBalancing: [
        {
          outlier_detection: {
            interval: { seconds: 10, nanos: 0 },
            base_ejection_time: { seconds: 30, nanos: 0 },
            max_ejection_percent: 33,
            failure_percentage_ejection: {
              threshold: 90 - 1e-6,
              enforcement_percentage: 100,
              minimum_hosts: 3,
              request_volume: 20,
            },
            child_policy: [{ round_robin: {} }],
          },
        },
        { round_robin: {} },
      ],
      usesAllAddresses: true,
      pool: { maxConnections: 4, maxStreamsPerConnection: 100, idleMs: 30_000 },
      connectTimeoutMs: 20_000,
      reconnectBackoff: { initialMs: 1_000, maxMs: 10_000 },
      grpcOptions: {
        "grpc.keepalive_time_ms": 60_000,
        "grpc.keepalive_timeout_ms": 20_000,
        "grpc.keepalive_permit_without_calls": 0,
        "grpc.max_receive_message_length": 4_194_304,
        "grpc.max_send_message_length": -1,
        "grpc.dns_min_time_between_resolutions_ms": 10_000,
        "grpc.max_reconnect_backoff_ms": 10_000,
        "grpc.service_config_disable_resolution": 1,
        "grpc.use_local_subchannel_pool": 1,
      },
    });
  });

  it("reach grpc-js", () => {
    const options = resolve({
      keepalive: { timeMs: 10_000, timeoutMs: 1, withoutCalls: true },
      maxReceiveMessageBytes: -1,
      maxSendMessageBytes: 0,
      authority: "items",
      userAgent: "shop/1.0 (test)",
      minResolutionIntervalMs: 5_000,
      reconnectBackoff: { maxMs: 2_000 },
      grpcOptions: { "grpc.client_idle_timeout_ms": 1_000, "grpc.keepalive_timeout_ms": 500 },
    });
    expect(options.grpcOptions).toEqual({
      "grpc.keepalive_time_ms": 10_000,
      "grpc.keepalive_timeout_ms": 500,
      "grpc.keepalive_permit_without_calls": 1,
      "grpc.max_receive_message_length": -1,
      "grpc.max_send_message_length": 0,
      "grpc.default_authority": "items",
      "grpc.primary_user_agent": "shop/1.0 (test)",
      "grpc.dns_min_time_between_resolutions_ms": 5_000,
      "grpc.max_reconnect_backoff_ms": 2_000,
      "grpc.service_config_disable_resolution": 1,
      "grpc.use_local_subchannel_pool": 1,
      "grpc.client_idle_timeout_ms": 1_000,
    });
    const never = resolve({ keepalive: { timeMs: Number.POSITIVE_INFINITY } });
    expect(never.grpcOptions).not.toHaveProperty("grpc.keepalive_time_ms");
  });

  it("balance as they say", () => {
    expect(resolve({ loadBalancing: "pick_first" })).toMatchObject({
      loadBalancing: [{ pick_first: {} }],
      usesAllAddresses: false,
    });
    expect(resolve({ outlierDetection: false }).loadBalancing).toEqual([{ round_robin: {} }]);
    const [detection] = resolve({
      outlierDetection: { intervalMs: 1_500, baseEjectionMs: 250, failurePercent: 100 },
    }).loadBalancing;
    expect(detection?.outlier_detection).toMatchObject({
      interval: { seconds: 1, nanos: 500_000_000 },
      base_ejection_time: { seconds: 0, nanos: 250_000_000 },
    });
  });

  it.each([
    [null, "options must be an object, got null"],
    [{ keepAlive: {} }, /^options must be of credentials, callCredentials, .*, got 'keepAlive'$/],
    [{ pool: { max: 1 } }, /^pool must be of maxConnections, .*, got 'max'$/],
    [
      { pool: { maxConnections: 0 } },
      "pool.maxConnections must be an integer from 1 to 100, got 0",
    ],
    [
      { pool: { maxStreamsPerConnection: 0.5 } },
      /^pool.maxStreamsPerConnection must be an integer/,
    ],
    [{ pool: { idleMs: 0 } }, "pool.idleMs must be an integer from 1 to 2147483647, got 0"],
    [
      { keepalive: { timeMs: 9_999 } },
      "keepalive.timeMs must be an integer from 10000 to 2147483647, got 9999",
    ],
    [{ keepalive: { timeoutMs: -1 } }, /^keepalive.timeoutMs must be/],
    [{ keepalive: { withoutCalls: 1 } }, "keepalive.withoutCalls must be true or false, got 1"],
    [{ connectTimeoutMs: "20s" }, /^connectTimeoutMs must be an integer/],
    [
      { reconnectBackoff: { initialMs: 20, maxMs: 10 } },
      "reconnectBackoff.initialMs must be an integer from 1 to 10, got 20",
    ],
    [{ reconnectBackoff: { maxMs: Number.NaN } }, /^reconnectBackoff.maxMs must be/],
    [{ maxReceiveMessageBytes: -2 }, /^maxReceiveMessageBytes must be an integer from -1 to/],
    [{ maxSendMessageBytes: 2 ** 31 }, /^maxSendMessageBytes must be an integer from -1 to/],
    [{ minResolutionIntervalMs: 0 }, /^minResolutionIntervalMs must be/],
    [{ authority: "" }, "authority must be a text of ASCII, got ''"],
    [{ userAgent: "a\r\nb: c" }, /^userAgent must be a text of ASCII/],
    [
      { loadBalancing: "random" },
      'loadBalancing must be "round_robin" or "pick_first", got \'random\'',
    ],
    [
      { loadBalancing: "pick_first", outlierDetection: true },
      'outlierDetection must be false with loadBalancing "pick_first"',
    ],
    [
      { outlierDetection: { interval: 1 } },
      /^outlierDetection must be of intervalMs, .* 'interval'/,
    ],
    [{ outlierDetection: { minAddresses: 1 } }, /^outlierDetection.minAddresses must be/],
    [{ grpcOptions: 1 }, "grpcOptions must be an object, got 1"],
    [
      { grpcOptions: { "grpc.service_config": "{}" } },
      "grpcOptions must be without 'grpc.service_config', for which retry and loadBalancing is there",
    ],
    [{ grpcOptions: { "grpc.a": {} } }, "grpcOptions['grpc.a'] must be a text or number, got {}"],
  ])("may not be %o", (options, message) => {
    expect(() => resolve(options as object)).toThrow(message);
  });
});
