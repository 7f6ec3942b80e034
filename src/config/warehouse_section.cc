#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/codes.h"
#include "config/postgres_url.h"
#include "config/secrets.h"
#include "config/sections.h"
#include "core/text.h"

namespace sluice {
namespace {

constexpr Bounds kEvery{0, 3'600'000};

void ReportBadUrl(Reader& reader, const Node& node, const Text& text, std::string reason) {
  const bool almost = !Nearest(text.value, std::array<std::string, 1>{"embedded"}).empty();
  reader.ReportValue(node, text,
                     {codes::kBadWarehouseUrl,
                      "not the address of a warehouse: " +
                          (almost ? "this is nearly `embedded`" : std::move(reason)),
                      almost ? "did you mean `embedded`?" : "",
                      "write `postgres://user@host:5432/database`, or `embedded`"});
}

// The postgres folder asks a remote server for verify-full when nothing is said; what is said
// must not ask for less, unless the operator allowed it.
void CheckTls(Reader& reader, const Node& node, const Text& text, const PostgresUrl& url) {
  if (reader.options().insecure_tls || std::ranges::all_of(url.hosts, IsLocalHost)) return;
  const auto given = url.settings.find("sslmode");
  const bool in_file = given != url.settings.end();
  // `prefer` is what libpq has when nobody said anything.
  const std::string variable = reader.environment().Get("PGSSLMODE").value_or("prefer");
  const std::string mode = in_file ? given->second : variable;
  if (mode == "verify-full" || (!in_file && mode == "prefer")) return;
  reader.ReportValue(
      node, text,
      {codes::kTlsNotVerified,
       fmt::format("{} does not prove who the remote server is",
                   in_file ? "this `sslmode`" : "the `sslmode` of PGSSLMODE"),
       "", "use `sslmode=verify-full` with `sslrootcert=…`, or allow it with --insecure-tls"});
}

// Whether what the file itself says holds a password, also after a `${…}` that is the rest.
bool NamesPassword(std::string_view own) {
  const auto url = ParsePostgresUrl(own);
  if (url && HoldsSecret(url->secret)) return true;
  const size_t at = own.find("password=");
  if (at == std::string_view::npos) return false;
  const std::string_view rest = own.substr(at + 9);
  return HoldsSecret(rest.substr(0, rest.find_first_of("& ")));
}

void ReadUrl(Reader& reader, const Node& node, WarehouseSpec& warehouse) {
  const auto text = reader.ReadText(node);
  if (!text) return;
  if (NamesPassword(text->own)) {
    return ReportSecretInClear(reader, node, "a password");
  }
  warehouse.embedded = text->value == "embedded";
  if (warehouse.embedded) return;
  const auto url = ParsePostgresUrl(text->value);
  if (!url) return ReportBadUrl(reader, node, *text, url.error().message);
  CheckTls(reader, node, *text, *url);
  warehouse.insecure_tls = reader.options().insecure_tls;
  warehouse.url = text->value;
}

}  // namespace

void ReadWarehouse(Reader& reader, const Node& node, WarehouseSpec& warehouse) {
  if (node.kind != NodeKind::kMap) return ReadUrl(reader, node, warehouse);
  const std::array keys{
      Key{"url", "url: embedded", [&](const Node& n) { ReadUrl(reader, n, warehouse); }},
      Key{"every", "",
          [&](const Node& n) {
            if (auto every = reader.ReadDuration(n, kEvery)) warehouse.every_ms = *every;
          }},
  };
  reader.ReadMap(node, keys);
}

}  // namespace sluice
