/** The values of a file that refer to each other, read so that what is faulty elsewhere hides nothing. */
import * as z from "zod";
import { deviceId, portId } from "./ids.js";

/** The same schema, to which a faulty or absent value is simply undefined. */
function lenient<Schema extends z.ZodType>(schema: Schema) {
  return schema.optional().catch(undefined);
}

/** Keys that have no value here may be there all the same. */
const datapath = z.looseObject({
  type: lenient(z.string()),
  routes: lenient(z.record(z.string(), lenient(portId()))),
  netns: lenient(z.string()),
});

const entry = z.looseObject({
  port_id: lenient(portId()),
  device: lenient(deviceId()),
  type: lenient(z.string()),
  netdev: lenient(z.string()),
});

const rawSkeleton = z.object({
  listeners: lenient(
    z.array(lenient(z.object({ address: lenient(z.string()), port: lenient(z.bigint()), unix: lenient(z.string()) }))),
  ),
  admin: lenient(z.object({ unix: lenient(z.string()) })),
  devices: lenient(
    z.array(
      lenient(
        z.object({
          device_id: lenient(deviceId()),
          name: lenient(z.string()),
          datapath: lenient(datapath),
          acl: lenient(z.object({ max_masks: lenient(z.bigint()) })),
        }),
      ),
    ),
  ),
  punt: lenient(z.object({ queues: lenient(z.record(z.string(), z.unknown())) })),
  restart: lenient(z.object({ rules_on_exit: lenient(z.string()) })),
  interfaces: z.record(z.string(), lenient(entry)).optional().catch({}),
});

/** What could be read of a file. */
export type Skeleton = z.infer<typeof rawSkeleton>;

/** One element of `devices`, as far as it could be read. */
export type DeviceSkeleton = NonNullable<Skeleton["devices"]>[number];

/** The skeleton of `raw`, or undefined if it is no mapping. */
export function readSkeleton(raw: unknown): Skeleton | undefined {
  const read = rawSkeleton.safeParse(raw);
  return read.success ? read.data : undefined;
}
