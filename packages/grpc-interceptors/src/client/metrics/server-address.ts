/** Where calls go, with the labels that OpenTelemetry has for it. */
export interface ServerAddress {
  readonly server_address: string;
  readonly server_port?: number;
}

const host =
  /^(?:dns:(?:\/\/[^/]*\/)?|ipv[46]:)?\[?((?<=\[)[^\]]+(?=\])|[^[\]:/,]+)\]?(?::(\d+))?$/;

/**
 * What a target of grpc-js names: "dns:///orders.shop:50051" is "orders.shop" and 50051. What names no
 * one host stays whole: https://opentelemetry.io/docs/specs/semconv/rpc/grpc/
 */
export function serverAddress(target: string): ServerAddress {
  const [, path] = /^unix:(?:\/\/)?(.+)$/.exec(target) ?? [];
  const [, address = path ?? target, port] = host.exec(target) ?? [];
  return port === undefined
    ? { server_address: address }
    : { server_address: address, server_port: Number(port) };
}
