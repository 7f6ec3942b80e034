#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/aws_profile.h"
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
  std::string_view in_profile{};                // its name in ~/.aws
};

constexpr std::array kSettings{
    Setting{"endpoint",
            false,
            {"S3_ENDPOINT", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"},
            "endpoint_url"},
    Setting{"region", false, {"S3_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"}, "region"},
    Setting{"path_style", false, {"S3_PATH_STYLE"}},
    Setting{"profile", false, {"AWS_PROFILE"}},
    Setting{"access_key_id", false, {"AWS_ACCESS_KEY_ID"}, "aws_access_key_id"},
    Setting{"secret_access_key", true, {"AWS_SECRET_ACCESS_KEY"}, "aws_secret_access_key"},
    Setting{"session_token", true, {"AWS_SESSION_TOKEN"}, "aws_session_token"},
    Setting{"ca_file", false, {"S3_CA_FILE", "AWS_CA_BUNDLE"}, "ca_bundle"},
};

bool IsKey(std::string_view setting) {
  return setting == "access_key_id" || setting == "secret_access_key";
}

bool HasChild(const Node& node, std::string_view name) {
  return std::ranges::any_of(node.children, [&](const Node& child) { return child.key == name; });
}

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
  if (url.find_first_of("@?#") != std::string_view::npos) {
    reader.ReportValue(node, text,
                       {codes::kBadLakeRoot, fmt::format("`{}` is more than an address", node.key),
                        "", "leave out what stands before `@` and behind `?`"});
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

// Whether the environment may fill in what the file leaves out: keys and token of one place belong
// together.
bool MayComeFromEnvironment(const Node& own, std::string_view setting) {
  if (HasChild(own, setting)) return false;
  const bool is_token = setting == "session_token";
  if (!is_token && !IsKey(setting)) return true;
  if (HasChild(own, "profile")) return false;
  return !is_token || !HasChild(own, "access_key_id") || !HasChild(own, "secret_access_key");
}

// Fills what is still missing from the profile that is named, or, without keys, from `default`.
// Returns false after reporting.
bool ReadProfile(Reader& reader, const Node& node, const Node& own, LakeSpec& lake) {
  const bool has_keys = lake.s3.contains("access_key_id") || lake.s3.contains("secret_access_key");
  if (has_keys && !HasChild(own, "profile")) return true;
  const bool is_named = lake.s3.contains("profile");
  const std::string name = is_named ? lake.s3.at("profile") : "default";
  const auto profile =
      ReadAwsProfile(reader.environment(), name, reader.options().insecure_secret_files);
  if (!profile) {
    reader.Report(node, {profile.error().code, profile.error().message, "", profile.error().hint});
    return false;
  }
  if (!*profile && is_named) {
    reader.Report(node, {codes::kS3Credentials,
                         fmt::format("there is no profile `{}` in ~/.aws", EscapeControl(name)), "",
                         "`aws configure list-profiles` names those that are there"});
    return false;
  }
  if (!*profile) return true;
  for (const Setting& setting : kSettings) {
    const auto found = (*profile)->find(std::string(setting.in_profile));
    if (found == (*profile)->end() || found->second.empty()) continue;
    const Text text{.value = found->second, .own = std::string(1, kReference), .replaced = true};
    if (setting.name == "endpoint" && !CheckEndpoint(reader, node, text)) return false;
    lake.s3.try_emplace(std::string(setting.name), found->second);
  }
  return true;
}

void CheckCredentials(Reader& reader, const Node& node, const Node& own, const LakeSpec& lake) {
  std::vector<std::string> missing;
  for (const auto& setting : kSettings) {
    const bool is_there =
        lake.s3.contains(std::string(setting.name)) || HasChild(own, setting.name);
    if (IsKey(setting.name) && !is_there) missing.emplace_back(setting.variables[0]);
  }
  if (missing.empty()) return;
  std::string help =
      fmt::format("set {}, or the same with _FILE to files that hold them", Join(missing, " and "));
  help += lake.s3.contains("profile")
              ? "; the profile has no keys of its own, and SSO and roles are not followed"
              : "; or name a profile of ~/.aws with AWS_PROFILE";
  reader.Report(node, {codes::kS3Credentials, "the lake is on S3, but the key to it is missing", "",
                       std::move(help)});
}

}  // namespace

void ReadS3(Reader& reader, const Node& node, LakeSpec& lake) {
  static const Node kNothing;
  const Node& own = node.key == "s3" ? node : kNothing;  // else it is the lake's
  if (&own == &node) {
    std::vector<Key> keys;
    for (const auto& setting : kSettings) {
      keys.push_back(
          {setting.name, "", [&](const Node& n) { ReadSetting(reader, n, setting, lake); }});
    }
    reader.ReadMap(node, keys);
  }
  if (!lake.root.starts_with("s3://")) return lake.s3.clear();
  for (const auto& setting : kSettings) {
    if (MayComeFromEnvironment(own, setting.name)) ReadFromEnvironment(reader, node, setting, lake);
  }
  const bool is_fine = ReadProfile(reader, node, own, lake);
  lake.s3.try_emplace("region", "us-east-1");
  lake.s3.try_emplace("path_style", lake.s3.contains("endpoint") ? "true" : "false");
  if (is_fine) CheckCredentials(reader, node, own, lake);
}

}  // namespace sluice
