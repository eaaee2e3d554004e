# The native addon, build/Release/p4rtd.node. scripts/build-native.mjs builds it and says whether libbpf is there.
{
  "variables": {
    "with_libbpf%": "no",
    "sanitize%": "",
  },
  "targets": [
    {
      "target_name": "p4rtd",
      "sources": [
        "native/addon.cc",
        "native/core/bpffs.cc",
        "native/core/link_drops.cc",
        "native/core/name_lock.cc",
        "native/core/netlink_socket.cc",
        "native/core/netns.cc",
        "native/core/offloads.cc",
        "native/core/packet_sender.cc",
        "native/core/service_manager.cc",
        "native/core/sysctl.cc",
        "native/core/tap.cc",
        "native/core/tcx_probe.cc",
        "native/napi/arguments.cc",
        "native/napi/error.cc",
        "native/napi/host.cc",
        "native/napi/name_lock.cc",
        "native/napi/netlink_poll.cc",
        "native/napi/netlink_socket.cc",
        "native/napi/packet_sender.cc",
      ],
      "include_dirs": ["native", "<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": [
        "NAPI_VERSION=9",
        "NAPI_DISABLE_CPP_EXCEPTIONS",
        # Throwing while a worker is being terminated is no reason to end the process.
        "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS",
        "_GNU_SOURCE",
      ],
      "cflags_cc!": ["-std=gnu++17", "-std=gnu++20"],
      "cflags_cc": ["-std=c++20", "-Wall", "-Wextra", "-fvisibility=hidden"],
      "conditions": [
        ["with_libbpf=='yes'", {
          "sources": [
            "native/core/bpf_hook.cc",
            "native/core/bpf_object.cc",
            "native/core/bpf_object_reads.cc",
            "native/core/filter_bitmap.cc",
            "native/core/punt_reader.cc",
            "native/core/rule_model.cc",
            "native/core/rule_step.cc",
            "native/core/rule_tables.cc",
            "native/core/tc_filters.cc",
            "native/core/transport_checksum.cc",
            "native/napi/bpf_arguments.cc",
            "native/napi/bpf_datapath.cc",
            "native/napi/bpf_datapath_ports.cc",
            "native/napi/bpf_options.cc",
          ],
          "defines": ["P4RTD_HAVE_LIBBPF"],
          "libraries": ["-lbpf"],
        }],
        ["sanitize!=''", {
          "cflags_cc": ["-fsanitize=<(sanitize)", "-fno-omit-frame-pointer", "-fno-sanitize-recover=undefined", "-g", "-O1"],
          "ldflags": ["-fsanitize=<(sanitize)"],
        }],
      ],
    },
  ],
}
