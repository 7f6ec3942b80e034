#include "config/postgres_url.h"

#include <algorithm>

#include "core/text.h"

namespace sluice {
namespace {

std::unexpected<Error> Wrong(std::string reason) {
  return Fail(ErrorKind::kInvalidConfig, std::move(reason));
}

// Cuts `text` at the first `separator` and returns what stood before it.
std::string_view TakeUntil(std::string_view& text, char separator) {
  const size_t at = text.find(separator);
  const std::string_view front = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return front;
}

std::string_view HostOf(std::string_view address) {
  if (address.starts_with('[')) return address.substr(1, address.find(']') - 1);
  return address.substr(0, address.find(':'));
}

void Note(PostgresUrl& url, std::string_view name, std::string_view value) {
  url.settings[std::string(name)] = value;
  if (name == "password" || name == "sslpassword") url.secret += value;
  if (name == "host" || name == "hostaddr") url.hosts = Split(value, ',');
}

Result<PostgresUrl> ParseUri(std::string_view text) {
  PostgresUrl url;
  text.remove_prefix(text.find("://") + 3);
  const size_t end = std::min(text.find_first_of("/?"), text.size());
  std::string_view authority = text.substr(0, end);
  text.remove_prefix(end);
  if (const size_t at = authority.rfind('@'); at != std::string_view::npos) {
    std::string_view user = authority.substr(0, at);
    TakeUntil(user, ':');
    url.secret = user;
    authority.remove_prefix(at + 1);
  }
  for (const std::string& address : Split(authority, ',')) {
    if (const std::string_view host = HostOf(address); !host.empty()) url.hosts.emplace_back(host);
  }
  TakeUntil(text, '?');
  while (!text.empty()) {
    std::string_view setting = TakeUntil(text, '&');
    if (setting.find('=') == std::string_view::npos) return Wrong("a setting after `?` lacks `=`");
    const std::string_view name = TakeUntil(setting, '=');
    Note(url, name, setting);
  }
  return url;
}

// One value of key=value, quoted with `'` or not.
Result<std::string> TakeValue(std::string_view& text) {
  const bool quoted = text.starts_with('\'');
  if (quoted) text.remove_prefix(1);
  std::string value;
  while (!text.empty()) {
    const char c = text[0];
    if (quoted ? c == '\'' : c == ' ') break;
    if (c == '\\' && text.size() > 1) text.remove_prefix(1);
    value += text[0];
    text.remove_prefix(1);
  }
  if (quoted && text.empty()) return Wrong("a quote is never closed");
  if (quoted) text.remove_prefix(1);
  return value;
}

Result<PostgresUrl> ParseSettings(std::string_view text) {
  PostgresUrl url;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(" \n\t"), text.size()));
    if (text.empty()) return url;
    if (text.find('=') == std::string_view::npos) return Wrong("a setting lacks `=`");
    std::string_view name = TakeUntil(text, '=');
    name = name.substr(0, name.find_last_not_of(' ') + 1);
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    if (name.empty() || name.find(' ') != std::string_view::npos) {
      return Wrong("a setting has no name");
    }
    SLUICE_ASSIGN(const std::string value, TakeValue(text));
    Note(url, name, value);
  }
}

}  // namespace

Result<PostgresUrl> ParsePostgresUrl(std::string_view text) {
  if (text.starts_with("postgres://") || text.starts_with("postgresql://")) return ParseUri(text);
  if (text.find("://") != std::string_view::npos && text.find('=') > text.find("://")) {
    return Wrong("it must begin with `postgres://`");
  }
  if (text.find('=') == std::string_view::npos)
    return Wrong("it has neither `postgres://` nor `name=value`");
  return ParseSettings(text);
}

}  // namespace sluice
