#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>

#include "config/codes.h"
#include "config/secret_file.h"
#include "config/secrets.h"
#include "config/sections.h"
#include "config/suggest.h"
#include "core/text.h"

namespace sluice {
namespace {

enum class OptionKind { kPlain, kSecret, kFile, kSecretFile };

struct Allowed {
  std::string_view name;
  OptionKind kind = OptionKind::kPlain;
};

// What a pipeline may say to librdkafka. None of these loads code, runs a program, or touches the
// order, the offsets or the isolation that exactly-once rests on.
constexpr std::array kAllowed{
    Allowed{"broker.address.family"},
    Allowed{"broker.address.ttl"},
    Allowed{"client.dns.lookup"},
    Allowed{"client.id"},
    Allowed{"client.rack"},
    Allowed{"connections.max.idle.ms"},
    Allowed{"debug"},
    Allowed{"enable.ssl.certificate.verification"},
    Allowed{"fetch.error.backoff.ms"},
    Allowed{"fetch.max.bytes"},
    Allowed{"fetch.message.max.bytes"},
    Allowed{"fetch.min.bytes"},
    Allowed{"fetch.queue.backoff.ms"},
    Allowed{"fetch.wait.max.ms"},
    Allowed{"group.instance.id"},
    Allowed{"heartbeat.interval.ms"},
    Allowed{"max.partition.fetch.bytes"},
    Allowed{"max.poll.interval.ms"},
    Allowed{"message.max.bytes"},
    Allowed{"metadata.max.age.ms"},
    Allowed{"metadata.recovery.rebootstrap.trigger.ms"},
    Allowed{"metadata.recovery.strategy"},
    Allowed{"queued.max.messages.kbytes"},
    Allowed{"queued.min.messages"},
    Allowed{"receive.message.max.bytes"},
    Allowed{"reconnect.backoff.max.ms"},
    Allowed{"reconnect.backoff.ms"},
    Allowed{"retry.backoff.max.ms"},
    Allowed{"retry.backoff.ms"},
    Allowed{"sasl.mechanism"},
    Allowed{"sasl.mechanisms"},
    Allowed{"sasl.oauthbearer.client.id"},
    Allowed{"sasl.oauthbearer.client.secret", OptionKind::kSecret},
    Allowed{"sasl.oauthbearer.extensions"},
    Allowed{"sasl.oauthbearer.method"},
    Allowed{"sasl.oauthbearer.scope"},
    Allowed{"sasl.oauthbearer.token.endpoint.url"},
    Allowed{"sasl.password", OptionKind::kSecret},
    Allowed{"sasl.username"},
    Allowed{"security.protocol"},
    Allowed{"session.timeout.ms"},
    Allowed{"socket.connection.setup.timeout.ms"},
    Allowed{"socket.keepalive.enable"},
    Allowed{"socket.nagle.disable"},
    Allowed{"socket.receive.buffer.bytes"},
    Allowed{"socket.send.buffer.bytes"},
    Allowed{"socket.timeout.ms"},
    Allowed{"ssl.ca.location", OptionKind::kFile},
    Allowed{"ssl.ca.pem"},
    Allowed{"ssl.certificate.location", OptionKind::kFile},
    Allowed{"ssl.certificate.pem"},
    Allowed{"ssl.cipher.suites"},
    Allowed{"ssl.crl.location", OptionKind::kFile},
    Allowed{"ssl.curves.list"},
    Allowed{"ssl.endpoint.identification.algorithm"},
    Allowed{"ssl.key.location", OptionKind::kSecretFile},
    Allowed{"ssl.key.password", OptionKind::kSecret},
    Allowed{"ssl.key.pem", OptionKind::kSecret},
    Allowed{"ssl.keystore.location", OptionKind::kSecretFile},
    Allowed{"ssl.keystore.password", OptionKind::kSecret},
    Allowed{"ssl.sigalgs.list"},
    Allowed{"topic.metadata.refresh.interval.ms"},
};

struct Refused {
  std::string_view name;
  std::string_view why;
};

// Those a reader may look for; a name that ends in `.` stands for all that begin with it.
constexpr std::array kRefused{
    Refused{"auto.offset.reset", "write `start:` in `source`; the ledger decides afterwards"},
    Refused{"bootstrap.servers", "write `kafka:` in `source`"},
    Refused{"check.crcs", "sluice always checks them"},
    Refused{"enable.auto.commit", "offsets move only with the rows, in one transaction"},
    Refused{"enable.auto.offset.store", "offsets move only with the rows, in one transaction"},
    Refused{"enable.sasl.oauthbearer.unsecure.jwt", "an unsigned token proves nothing"},
    Refused{"group.id", "write `group:` in `source`"},
    Refused{"isolation.level", "sluice reads only what is committed"},
    Refused{"metadata.broker.list", "write `kafka:` in `source`"},
    Refused{"partition.assignment.strategy", "sluice needs cooperative-sticky and sets it"},
    Refused{"plugin.library.paths", "it loads code into the process"},
    Refused{"sasl.kerberos.", "Kerberos makes librdkafka run a shell command"},
    Refused{"ssl.engine.", "it loads code into the process"},
    Refused{"ssl.providers", "it loads code into the process"},
    Refused{"statistics.interval.ms", "sluice sets it for its own metrics"},
};

void ReportRefused(Reader& reader, const Node& node) {
  std::vector<std::string> names;
  for (const auto& allowed : kAllowed) names.emplace_back(allowed.name);
  for (const auto& refused : kRefused) {
    const bool all = refused.name.ends_with('.');
    if (all ? !node.key.starts_with(refused.name) : node.key != refused.name) continue;
    return reader.ReportAtKey(
        node, {codes::kOptionRefused, fmt::format("option `{}` is not allowed", node.key), "",
               std::string(refused.why)});
  }
  const std::string nearest = Nearest(LowerAscii(node.key), names);
  reader.ReportAtKey(
      node, {codes::kOptionRefused,
             fmt::format("option `{}` is not among those allowed", EscapeControl(node.key)),
             nearest.empty() ? "" : fmt::format("did you mean `{}`?", nearest),
             "only options on sluice's list reach librdkafka"});
}

bool IsOneOf(std::string_view value, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, LowerAscii(value)) != words.end();
}

// Values that would switch off what security rests on.
bool IsSafe(Reader& reader, const Node& node, const Text& text) {
  const bool unverified =
      (node.key == "enable.ssl.certificate.verification" &&
       !IsOneOf(text.value, {"true", "t", "1"})) ||
      (node.key == "ssl.endpoint.identification.algorithm" && LowerAscii(text.value) != "https");
  if (unverified && !reader.options().insecure_tls) {
    reader.ReportValue(
        node, text,
        {codes::kTlsNotVerified, fmt::format("`{}` would let anybody pose as the broker", node.key),
         "", "give the broker's CA as `ssl.ca.location`, or allow it with --insecure-tls"});
    return false;
  }
  const bool mechanism = node.key == "sasl.mechanism" || node.key == "sasl.mechanisms";
  if (mechanism &&
      !IsOneOf(text.value, {"plain", "scram-sha-256", "scram-sha-512", "oauthbearer"})) {
    reader.ReportValue(
        node, text,
        {codes::kUnknownValue, fmt::format("`{}` cannot be {}", node.key, Reader::Shown(node)), "",
         "allowed: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER; Kerberos would make "
         "librdkafka run a shell command"});
    return false;
  }
  return true;
}

std::optional<std::string> FileOption(Reader& reader, const Node& node, const Text& text,
                                      OptionKind kind) {
  if (node.key == "ssl.ca.location" && text.value == "probe") return text.value;
  std::string path = reader.PathOf(text.value);
  struct stat info{};
  if (kind == OptionKind::kFile && stat(path.c_str(), &info) != 0) {
    reader.ReportValue(
        node, text,
        {codes::kFileMissing, fmt::format("`{}` names a file that is not there", node.key), "",
         "a relative path begins at the folder of the pipeline file"});
    return std::nullopt;
  }
  if (kind == OptionKind::kSecretFile) {
    const auto status = CheckSecretFile(path, fmt::format("of `{}`", node.key),
                                        reader.options().insecure_secret_files);
    if (!status) {
      const bool exposed = status.error().code == codes::kSecretFileExposed;
      reader.ReportValue(node, text,
                         {exposed ? codes::kSecretFileExposed : codes::kFileMissing,
                          status.error().message, "", status.error().hint});
      return std::nullopt;
    }
  }
  return path;
}

void ReadOption(Reader& reader, const Node& node, SourceSpec& source) {
  const auto* const allowed =
      std::ranges::find(kAllowed, std::string_view(node.key), &Allowed::name);
  if (allowed == kAllowed.end()) return ReportRefused(reader, node);
  const auto text = reader.ReadText(node);
  if (!text || !IsSafe(reader, node, *text)) return;
  if (allowed->kind == OptionKind::kSecret && HoldsSecret(text->own)) {
    return ReportSecretInClear(reader, node, fmt::format("`{}`", node.key));
  }
  std::optional<std::string> value = text->value;
  if (allowed->kind == OptionKind::kFile || allowed->kind == OptionKind::kSecretFile) {
    value = FileOption(reader, node, *text, allowed->kind);
  }
  if (value) source.options[node.key] = *value;
}

}  // namespace

void ReadKafkaOptions(Reader& reader, const Node& node, SourceSpec& source) {
  if (!reader.IsFilledMap(node, "options: {client.rack: eu-1a}")) return;
  for (const auto& child : node.children) {
    if (!child.broken) ReadOption(reader, child, source);
  }
  const auto protocol = source.options.find("security.protocol");
  const bool sasl =
      protocol != source.options.end() && LowerAscii(protocol->second).starts_with("sasl_");
  const bool named = std::ranges::any_of(node.children, [](const Node& child) {
    return child.key == "sasl.mechanism" || child.key == "sasl.mechanisms";
  });
  if (!sasl || named) return;
  reader.ReportAtKey(node, {codes::kMissingKey, "key `sasl.mechanism` is missing in `options`", "",
                            "add `sasl.mechanism: SCRAM-SHA-512`; librdkafka would take Kerberos"});
}

}  // namespace sluice
