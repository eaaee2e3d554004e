/** The contract of the injection and trace service, in rows: `number [rule] type name [of oneof]`. */

export const dataplaneMessages: Readonly<Record<string, readonly string[]>> = {
  "fourward.dataplane.InjectPacketRequest": [
    "1 uint32 dataplane_ingress_port of ingress_port",
    "2 bytes p4rt_ingress_port of ingress_port",
    "3 bytes payload",
  ],
  "fourward.dataplane.InjectPacketResponse": [
    "1 fourward.sim.TraceTree trace",
    "2 repeated fourward.dataplane.PacketSet possible_outcomes",
  ],
  "fourward.dataplane.InjectPacketsResponse": [],
  "fourward.dataplane.PacketSet": ["1 repeated fourward.dataplane.OutputPacket packets"],
  "fourward.dataplane.InputPacket": ["1 uint32 dataplane_ingress_port", "2 bytes payload", "3 bytes p4rt_ingress_port"],
  "fourward.dataplane.OutputPacket": ["1 uint32 dataplane_egress_port", "2 bytes payload", "3 bytes p4rt_egress_port"],
  "fourward.dataplane.ProcessPacketResult": [
    "1 fourward.dataplane.InputPacket input_packet",
    "2 fourward.sim.TraceTree trace",
    "3 repeated fourward.dataplane.PacketSet possible_outcomes",
  ],
  "fourward.dataplane.SubscribeResultsRequest": [],
  "fourward.dataplane.SubscribeResultsResponse": [
    "1 fourward.dataplane.SubscriptionActive active of event",
    "2 fourward.dataplane.ProcessPacketResult result of event",
  ],
  "fourward.dataplane.SubscriptionActive": [],
  // The hook is not served, so its messages are known by name only.
  "fourward.dataplane.PrePacketHookInvocation": [],
  "fourward.dataplane.PrePacketHookResponse": [],

  "fourward.sim.TraceTree": [
    "1 repeated fourward.sim.TraceEvent events",
    "2 fourward.sim.Fork fork_outcome of outcome",
    "3 fourward.sim.PacketOutcome packet_outcome of outcome",
  ],
  "fourward.sim.Fork": ["1 fourward.sim.ForkReason reason", "2 repeated fourward.sim.ForkBranch branches"],
  "fourward.sim.ForkBranch": ["1 string label", "2 fourward.sim.TraceTree subtree"],
  "fourward.sim.PacketOutcome": [
    "1 fourward.sim.OutputPacket output of outcome",
    "2 fourward.sim.Drop drop of outcome",
  ],
  "fourward.sim.OutputPacket": ["1 uint32 dataplane_egress_port", "2 bytes payload", "3 bytes p4rt_egress_port"],
  "fourward.sim.Drop": ["1 fourward.sim.DropReason reason"],
  "fourward.sim.TraceEvent": [
    "1 fourward.sim.ParserTransitionEvent parser_transition of event",
    "2 fourward.sim.TableLookupEvent table_lookup of event",
    "3 fourward.sim.ActionExecutionEvent action_execution of event",
    "4 fourward.sim.BranchEvent branch of event",
    "5 fourward.sim.ExternCallEvent extern_call of event",
    "6 fourward.sim.MarkToDropEvent mark_to_drop of event",
    "7 fourward.sim.CloneEvent clone of event",
    "8 fourward.sim.PacketIngressEvent packet_ingress of event",
    "9 fourward.sim.PipelineStageEvent pipeline_stage of event",
    "10 fourward.sim.CloneSessionLookupEvent clone_session_lookup of event",
    "11 fourward.sim.LogMessageEvent log_message of event",
    "12 fourward.sim.AssertionEvent assertion of event",
    "13 fourward.sim.DeparserEmitEvent deparser_emit of event",
  ],
  "fourward.sim.ParserTransitionEvent": [
    "1 string parser_name",
    "2 string from_state",
    "3 string to_state",
    "4 string select_value",
    "5 string select_expression",
  ],
  "fourward.sim.TableLookupEvent": [
    "1 string table_name",
    "2 optional bool hit",
    "3 p4.v1.TableEntry matched_entry",
    "4 string action_name",
    "5 p4.v1.TableEntry p4rt_matched_entry",
  ],
  "fourward.sim.ActionExecutionEvent": [
    "1 string action_name",
    "2 repeated fourward.sim.ActionExecutionEvent.ParamsEntry params",
  ],
  "fourward.sim.BranchEvent": ["1 string control_name", "2 optional bool taken"],
  "fourward.sim.ExternCallEvent": ["1 string extern_instance_name", "2 string method"],
  "fourward.sim.MarkToDropEvent": ["1 fourward.sim.DropReason reason"],
  "fourward.sim.CloneEvent": ["1 uint32 session_id"],
  "fourward.sim.CloneSessionLookupEvent": [
    "1 uint32 session_id",
    "2 optional bool session_found",
    "3 uint32 dataplane_egress_port",
    "4 bytes p4rt_egress_port",
  ],
  "fourward.sim.PacketIngressEvent": ["1 uint32 dataplane_ingress_port", "2 bytes p4rt_ingress_port"],
  "fourward.sim.PipelineStageEvent": [
    "1 string stage_name",
    "2 fourward.sim.PipelineStageEvent.StageKind stage_kind",
    "3 fourward.sim.PipelineStageEvent.Direction direction",
  ],
  "fourward.sim.LogMessageEvent": ["1 string message"],
  "fourward.sim.AssertionEvent": ["1 bool passed"],
  "fourward.sim.DeparserEmitEvent": ["1 string header_type", "2 uint32 byte_length"],
};

export const dataplaneEnums: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  "fourward.sim.ForkReason": {
    FORK_REASON_UNSPECIFIED: 0,
    ACTION_SELECTOR: 1,
    CLONE: 2,
    MULTICAST: 3,
    RESUBMIT: 4,
    RECIRCULATE: 5,
  },
  "fourward.sim.DropReason": {
    DROP_REASON_UNSPECIFIED: 0,
    MARK_TO_DROP: 1,
    PARSER_REJECT: 2,
    PIPELINE_EXECUTION_LIMIT_REACHED: 3,
    ASSERTION_FAILURE: 4,
  },
  "fourward.sim.PipelineStageEvent.Direction": { DIRECTION_UNSPECIFIED: 0, ENTER: 1, EXIT: 2 },
  // Only the zero of this enum is part of the contract; we leave the field unset.
  "fourward.sim.PipelineStageEvent.StageKind": { STAGE_KIND_UNSPECIFIED: 0 },
};

export const dataplaneMethods = {
  InjectPacket: {
    request: "fourward.dataplane.InjectPacketRequest",
    response: "fourward.dataplane.InjectPacketResponse",
  },
  InjectPackets: {
    request: "fourward.dataplane.InjectPacketRequest",
    response: "fourward.dataplane.InjectPacketsResponse",
    clientStreaming: true,
  },
  SubscribeResults: {
    request: "fourward.dataplane.SubscribeResultsRequest",
    response: "fourward.dataplane.SubscribeResultsResponse",
    serverStreaming: true,
  },
  RegisterPrePacketHook: {
    request: "fourward.dataplane.PrePacketHookResponse",
    response: "fourward.dataplane.PrePacketHookInvocation",
    clientStreaming: true,
    serverStreaming: true,
  },
} as const;
