/** `telemetry`: what the daemon tells about itself. */
import type { Endpoint, Telemetry } from "./config.js";
import { defaultConfig } from "./defaults.js";
import { readHost } from "./host.js";
import { oneOf, readInteger, scalar } from "./scalars.js";
import { section } from "./sections.js";

const defaults = defaultConfig.telemetry;

const endpoint = () =>
  scalar<Endpoint>({
    what: "an address with port",
    allowed: "such as 127.0.0.1:9560, [::1]:9560 or localhost:9560",
    read: (value) => {
      const [, bracketed, plain, digits] =
        (typeof value === "string" && /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(value)) || [];
      const address = readHost(bracketed ?? plain);
      const port = readInteger(BigInt(digits ?? -1), 0, 65535);
      if (address === undefined || port === undefined || (bracketed !== undefined) !== address.includes(":")) {
        return undefined;
      }
      return { address, port };
    },
  });

/** The section `telemetry`. */
export const telemetry = section({
  log_level: oneOf(["debug", "info", "warn", "error", "fatal"]).default(defaults.logLevel),
  prometheus: section({ listen: endpoint() }).optional(),
}).transform((raw): Telemetry => ({ logLevel: raw.log_level, prometheus: raw.prometheus }));
