#include "config/names.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "config/codes.h"
#include "config/suggest.h"
#include "core/text.h"
#include "stage/schema.h"

namespace sluice {

bool IsIdentifier(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && is_letter(name[0]) &&
         std::ranges::all_of(name, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

bool IsBucketName(std::string_view name) {
  return name.size() >= 3 && name.size() <= 63 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-") == std::string_view::npos;
}

std::optional<TableName> ParseTableName(std::string_view text) {
  const size_t dot = text.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  TableName name{std::string(text.substr(0, dot)), std::string(text.substr(dot + 1))};
  for (const std::string& part : {name.ns, name.name}) {
    if (!IsIdentifier(part) || part.size() > kPostgresNameBytes) return std::nullopt;
  }
  return name;
}

Status CheckPostgresNames(std::span<const std::string> names) {
  const auto fail = [](std::string message) {
    return Fail(ErrorKind::kInvalidConfig, std::move(message),
                "PostgreSQL cuts names after 63 bytes: choose a shorter one",
                std::string(codes::kNameTooLong));
  };
  std::map<std::string_view, std::string_view> by_cut;
  for (const std::string_view name : names) {
    const auto [other, first] = by_cut.try_emplace(name.substr(0, kPostgresNameBytes), name);
    if (first) continue;
    return fail(fmt::format("`{}` and `{}` are the same name to PostgreSQL",
                            EscapeControl(other->second), EscapeControl(name)));
  }
  for (const auto& name : names) {
    if (name.size() <= kPostgresNameBytes) continue;
    return fail(fmt::format("name of {} bytes, longer than PostgreSQL's 63: `{}`", name.size(),
                            EscapeControl(name)));
  }
  return {};
}

Status CheckNotReserved(std::string_view column) {
  const std::string lower = LowerAscii(column);
  for (const auto& field : BronzeSchema({}).fields) {
    if (field.name != lower) continue;
    return Fail(ErrorKind::kInvalidConfig,
                fmt::format("column name `{}` is reserved", EscapeControl(column)),
                fmt::format("sluice adds `{}` itself: {}", field.name, field.comment),
                std::string(codes::kReservedName));
  }
  return {};
}

}  // namespace sluice
