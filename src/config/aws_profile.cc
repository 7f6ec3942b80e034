#include "config/aws_profile.h"

#include <algorithm>
#include <filesystem>

#include "config/secret_file.h"
#include "core/text.h"

namespace sluice {
namespace {

constexpr std::string_view kBlanks = " \t\r";

std::string_view Trim(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

struct NamedFile {
  std::string path;    // "" when neither variable nor home is known
  std::string called;  // in messages
};

// The file that a variable names, or the one below the home folder.
NamedFile FileOf(const Environment& environment, const std::string& variable,
                 std::string_view name) {
  const std::string path = environment.Get(variable).value_or("");
  if (!path.empty()) return {path, "that " + variable + " names"};
  const std::string home = environment.Get("HOME").value_or("");
  const std::string below = "/.aws/" + std::string(name);
  return {home.empty() ? "" : home + below, "`~" + below + "`"};
}

bool Exists(const std::string& path) {
  std::error_code ignored;  // what cannot be looked at is not there
  return !path.empty() && std::filesystem::exists(path, ignored);
}

// The settings of a section. A file with keys in it must be its owner's alone.
Result<std::optional<AwsProfile>> ReadSection(const NamedFile& file, const std::string& section,
                                              bool insecure) {
  if (!Exists(file.path)) return std::nullopt;
  SLUICE_ASSIGN(const std::string text, ReadSecretFile(file.path, file.called, /*insecure=*/true));
  if (text.find("aws_secret_access_key") != std::string::npos) {
    SLUICE_TRY(CheckSecretFile(file.path, file.called, insecure));
  }
  return ParseAwsSection(text, section);
}

}  // namespace

std::optional<AwsProfile> ParseAwsSection(std::string_view text, std::string_view section) {
  std::optional<AwsProfile> found;
  bool inside = false;
  for (const std::string& line : Split(text, '\n')) {
    const std::string_view words = Trim(line);
    if (words.empty() || words[0] == '#' || words[0] == ';') continue;
    if (words[0] == '[') {
      inside = Trim(words.substr(1, words.find(']') - 1)) == section;
      if (inside && !found) found.emplace();
      continue;
    }
    const size_t equals = words.find('=');
    const bool is_nested = line[0] == ' ' || line[0] == '\t';
    if (!inside || is_nested || equals == std::string_view::npos) continue;
    (*found)[std::string(Trim(words.substr(0, equals)))] = Trim(words.substr(equals + 1));
  }
  return found;
}

Result<std::optional<AwsProfile>> ReadAwsProfile(const Environment& environment,
                                                 const std::string& name, bool insecure_files) {
  SLUICE_ASSIGN(auto keys,
                ReadSection(FileOf(environment, "AWS_SHARED_CREDENTIALS_FILE", "credentials"), name,
                            insecure_files));
  SLUICE_ASSIGN(auto settings,
                ReadSection(FileOf(environment, "AWS_CONFIG_FILE", "config"),
                            name == "default" ? name : "profile " + name, insecure_files));
  if (!keys) return settings;
  if (settings) keys->insert(settings->begin(), settings->end());
  return keys;
}

}  // namespace sluice
