#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/codes.h"
#include "config/listen_address.h"
#include "config/secrets.h"
#include "config/sections.h"

namespace sluice {
namespace {

constexpr size_t kMaxHosts = 50;
constexpr size_t kLeastTokenBytes = 16;
constexpr std::string_view kTokenVariable = "SLUICE_HTTP_TOKEN";

void ReadAddress(Reader& reader, const Node& node, ServeSpec& serve) {
  const auto text = reader.ReadText(node);
  if (!text) return;
  serve.off = text->value == "off";
  if (serve.off) return;
  auto address = ParseListenAddress(text->value);
  if (address) {
    serve.http = *std::move(address);
    return;
  }
  reader.ReportValue(
      node, *text,
      {codes::kBadListenAddress, "not an address to listen on: " + address.error().message, "",
       address.error().hint});
}

void ReadHosts(Reader& reader, const Node& node, ServeSpec& serve) {
  if (!reader.IsFilledList(node, "hosts: [sluice.example.org]", kMaxHosts)) return;
  for (const Node& item : node.children) {
    const auto text = reader.ReadText(item);
    if (!text) continue;
    if (!IsHostName(text->value)) {
      reader.ReportValue(
          item, *text,
          {codes::kBadListenAddress, fmt::format("no host is named {}", Reader::Shown(item)), "",
           "write the name that stands in the address, without scheme and port"});
      continue;
    }
    serve.hosts.push_back(text->value);
  }
}

void ReadToken(Reader& reader, const Node& node, ServeSpec& serve) {
  const auto text = reader.ReadText(node);
  if (!text) return;
  if (HoldsSecret(text->own)) return ReportSecretInClear(reader, node, "`token`");
  if (text->value.size() < kLeastTokenBytes ||
      std::ranges::any_of(text->value, [](char c) { return c <= ' ' || c >= 0x7f; })) {
    return reader.ReportValue(
        node, *text,
        {codes::kBadToken,
         fmt::format("`{}` must be at least 16 printable ASCII characters without blanks",
                     node.key),
         "", "make one with `openssl rand -hex 24`"});
  }
  serve.token = text->value;
}

// What the file leaves out may stand in the environment.
void ReadTokenOfEnvironment(Reader& reader, const Node& at, ServeSpec& serve) {
  const std::string name(kTokenVariable);
  const auto is_set = [&](const std::string& which) {
    return !reader.environment().Get(which).value_or("").empty();
  };
  if (!is_set(name) && !is_set(name + "_FILE")) return;
  Node node;
  node.kind = NodeKind::kText;
  node.key = name;
  node.text = fmt::format("${{{}}}", name);
  node.place = at.place;
  node.length = at.length;
  node.lines = {at.place};
  ReadToken(reader, node, serve);
}

}  // namespace

void ReadServe(Reader& reader, const Node& node, ServeSpec& serve) {
  const bool in_file = node.key == "serve";
  const bool is_map = in_file && node.kind == NodeKind::kMap;
  if (is_map) {
    const std::array keys{
        Key{"http", "", [&](const Node& n) { ReadAddress(reader, n, serve); }},
        Key{"hosts", "", [&](const Node& n) { ReadHosts(reader, n, serve); }},
        Key{"token", "", [&](const Node& n) { ReadToken(reader, n, serve); }},
    };
    reader.ReadMap(node, keys);
  } else if (in_file) {
    ReadAddress(reader, node, serve);
  }
  const auto is_token = [](const Node& child) { return child.key == "token"; };
  if (is_map && std::ranges::any_of(node.children, is_token)) return;
  ReadTokenOfEnvironment(reader, node, serve);
}

}  // namespace sluice
