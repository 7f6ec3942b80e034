#include "lake/json.h"

#include <fmt/format.h>

namespace sluice {
namespace {

constexpr int kMaxDepth = 64;

}  // namespace

std::unexpected<Error> Broken(std::string message) {
  return Fail(ErrorKind::kFatal, std::move(message), {}, std::string(kBrokenMetadata));
}

Result<Json> ParseJson(std::string_view text, std::string_view what) {
  bool too_deep = false;
  const auto watch = [&too_deep](int depth, Json::parse_event_t, Json&) {
    too_deep = too_deep || depth > kMaxDepth;
    return !too_deep;
  };
  Json json = Json::parse(text, watch, /*allow_exceptions=*/false);
  if (json.is_discarded() || too_deep) {
    return Broken(fmt::format("{} is {}", what, too_deep ? "nested too deeply" : "no valid JSON"));
  }
  return json;
}

std::string WriteJson(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

const Json* Member(const Json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::optional<int64_t> IntMember(const Json& object, const char* key) {
  const Json* member = Member(object, key);
  if (member == nullptr || !member->is_number_integer()) return std::nullopt;
  return member->get<int64_t>();
}

std::optional<std::string> TextMember(const Json& object, const char* key) {
  const Json* member = Member(object, key);
  if (member == nullptr || !member->is_string()) return std::nullopt;
  return *member->get_ptr<const std::string*>();
}

const Json& ListMember(const Json& object, const char* key) {
  static const Json kEmpty = Json::array();
  const Json* member = Member(object, key);
  return member != nullptr && member->is_array() ? *member : kEmpty;
}

Result<int64_t> NeedInt(const Json& object, const char* key) {
  if (const auto value = IntMember(object, key)) return *value;
  return Broken(fmt::format("lake metadata lacks the number `{}`", key));
}

Result<std::string> NeedText(const Json& object, const char* key) {
  if (auto value = TextMember(object, key)) return *std::move(value);
  return Broken(fmt::format("lake metadata lacks the text `{}`", key));
}

}  // namespace sluice
