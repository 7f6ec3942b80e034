#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/codes.h"
#include "config/secrets.h"
#include "config/sections.h"
#include "core/text.h"

namespace sluice {
namespace {

struct Setting {
  std::string_view name;
  bool secret = false;
  std::array<std::string_view, 3> variables{};  // looked at in this order when the file is silent
};

constexpr std::array kSettings{
    Setting{"endpoint", false, {"S3_ENDPOINT", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"}},
    Setting{"region", false, {"S3_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"}},
    Setting{"path_style", false, {"S3_PATH_STYLE"}},
    Setting{"access_key_id", false, {"AWS_ACCESS_KEY_ID"}},
    Setting{"secret_access_key", true, {"AWS_SECRET_ACCESS_KEY"}},
    Setting{"session_token", true, {"AWS_SESSION_TOKEN"}},
    Setting{"ca_file", false, {"S3_CA_FILE", "AWS_CA_BUNDLE"}},
};

bool CheckEndpoint(Reader& reader, const Node& node, const Text& text) {
  const std::string_view url = text.value;
  const bool plain = url.starts_with("http://");
  if (!plain && !url.starts_with("https://")) {
    reader.ReportValue(
        node, text,
        {codes::kBadLakeRoot, fmt::format("`{}` must begin with `https://`", node.key), "",
         "for example `https://s3.eu-central-1.amazonaws.com`"});
    return false;
  }
  std::string_view host = url.substr(url.find("://") + 3);
  host = host.substr(0, host.find('/'));
  host =
      host.starts_with('[') ? host.substr(1, host.find(']') - 1) : host.substr(0, host.find(':'));
  if (!plain || IsLocalHost(host) || reader.options().insecure_tls) return true;
  reader.ReportValue(node, text,
                     {codes::kTlsNotVerified,
                      fmt::format("`{}` without TLS shows keys and data to the network", node.key),
                      "", "use `https://`, or allow it with --insecure-tls"});
  return false;
}

void ReadSetting(Reader& reader, const Node& node, const Setting& setting, LakeSpec& lake) {
  const bool is_switch = setting.name == "path_style";
  if (is_switch) {
    if (const auto on = reader.ReadBool(node)) lake.s3["path_style"] = *on ? "true" : "false";
    return;
  }
  const auto text = reader.ReadText(node);
  if (!text) return;
  if (setting.secret && HoldsSecret(text->own)) {
    return ReportSecretInClear(reader, node, fmt::format("`{}`", setting.name));
  }
  if (setting.name == "endpoint" && !CheckEndpoint(reader, node, *text)) return;
  lake.s3[std::string(setting.name)] =
      setting.name == "ca_file" ? reader.PathOf(text->value) : text->value;
}

// What the file leaves out may stand in the environment, by the names that other tools use.
void ReadFromEnvironment(Reader& reader, const Node& at, const Setting& setting, LakeSpec& lake) {
  for (const std::string_view variable : setting.variables) {
    const std::string name(variable);
    const auto is_set = [&](const std::string& which) {
      return !reader.environment().Get(which).value_or("").empty();
    };
    if (name.empty() || (!is_set(name) && !is_set(name + "_FILE"))) continue;
    Node node;
    node.kind = NodeKind::kText;
    node.key = name;
    node.text = fmt::format("${{{}}}", name);
    node.place = at.place;
    node.length = at.length;
    node.lines = {at.place};
    return ReadSetting(reader, node, setting, lake);
  }
}

void CheckCredentials(Reader& reader, const Node& node, const LakeSpec& lake) {
  std::vector<std::string> missing;
  for (const auto& setting : kSettings) {
    const bool needed = setting.name == "access_key_id" || setting.name == "secret_access_key";
    const auto named = [&](const Node& child) { return child.key == setting.name; };
    if (!needed || lake.s3.contains(std::string(setting.name)) ||
        std::ranges::any_of(node.children, named)) {
      continue;
    }
    missing.emplace_back(setting.variables[0]);
  }
  if (missing.empty()) return;
  reader.Report(node, {codes::kS3Credentials, "the lake is on S3, but the key to it is missing", "",
                       fmt::format("set {}, or the same with _FILE to files that hold them",
                                   Join(missing, " and "))});
}

}  // namespace

void ReadS3(Reader& reader, const Node& node, LakeSpec& lake) {
  const bool in_file = node.key == "s3";
  if (in_file) {
    std::vector<Key> keys;
    for (const auto& setting : kSettings) {
      keys.push_back(
          {setting.name, "", [&](const Node& n) { ReadSetting(reader, n, setting, lake); }});
    }
    reader.ReadMap(node, keys);
  }
  if (!lake.root.starts_with("s3://")) return lake.s3.clear();
  for (const auto& setting : kSettings) {
    const auto named = [&](const Node& child) { return child.key == setting.name; };
    if (in_file && std::ranges::any_of(node.children, named)) continue;
    ReadFromEnvironment(reader, node, setting, lake);
  }
  lake.s3.try_emplace("region", "us-east-1");
  lake.s3.try_emplace("path_style", lake.s3.contains("endpoint") ? "true" : "false");
  CheckCredentials(reader, node, lake);
}

}  // namespace sluice
