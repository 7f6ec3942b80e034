#include "cli/output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "config/explain.h"
#include "config/load.h"
#include "core/text.h"

namespace sluice::cli {
namespace {

// Columns that a terminal needs for UTF-8 text: wide for CJK, none for combining marks.
size_t Width(std::string_view text) {
  size_t width = 0;
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<uint8_t>(text[i]);
    const size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    const bool wide =
        lead >= 0xE3 && lead <= 0xED &&
        !(lead == 0xE3 && i + 1 < text.size() && static_cast<uint8_t>(text[i + 1]) < 0x80);
    const bool combining = lead == 0xCC || (lead == 0xCD && i + 1 < text.size() &&
                                            static_cast<uint8_t>(text[i + 1]) < 0xB0);
    width += combining ? 0 : wide ? 2 : 1;
    i += length;
  }
  return width;
}

bool IsNumber(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789.,-+%") == std::string_view::npos;
}

std::string Padded(std::string_view text, size_t width, bool right) {
  const std::string blanks(width > Width(text) ? width - Width(text) : 0, ' ');
  return right ? blanks + std::string(text) : std::string(text) + blanks;
}

void AppendRow(std::string& table, const std::vector<std::string>& cells,
               const std::vector<size_t>& widths, const std::vector<bool>& right) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) line += "  ";
    line += Padded(cells[i], widths[i], right[i]);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  table += line + "\n";
}

}  // namespace

bool IsTerminal(int stream) {
  return isatty(stream) == 1;
}

bool UseColour(int stream) {
  const char* const refused = std::getenv("NO_COLOR");
  return IsTerminal(stream) && (refused == nullptr || *refused == '\0');
}

void Print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void Tell(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

int Failed(const CommonArgs& common, const Error& error) {
  if (common.json()) {
    const nlohmann::json json{{"error",
                               {{"kind", Name(error.kind)},
                                {"code", error.code},
                                {"message", error.message},
                                {"hint", error.hint},
                                {"exit_code", ExitCode(error.kind)}}}};
    Print(json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
    return ExitCode(error.kind);
  }
  // Diagnostics that were carried as one message bring their own layout.
  const bool rendered = error.message.starts_with("error[");
  const std::string name = error.code.empty() ? "error" : fmt::format("error[{}]", error.code);
  std::string text =
      rendered ? error.message : fmt::format("sluice: {}: {}", name, EscapeControl(error.message));
  if (text.empty() || text.back() != '\n') text += '\n';
  if (!error.hint.empty()) text += "  = help: " + EscapeControl(error.hint) + "\n";
  if (Explain(error.code)) text += "  = help: sluice explain " + error.code + "\n";
  Tell(text);
  return ExitCode(error.kind);
}

int Failed(const CommonArgs& common, const Diagnostics& diagnostics) {
  if (common.json()) {
    Print(RenderJson(diagnostics) + "\n");
  } else {
    Tell(Render(diagnostics, UseColour(2)));
  }
  return ExitCode(ErrorKind::kInvalidConfig);
}

std::string Table(const std::vector<std::string>& headers,
                  const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  std::vector<bool> right(headers.size(), !rows.empty());
  for (const auto& header : headers) widths.push_back(Width(header));
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], Width(row[i]));
      if (!IsNumber(row[i]) && !row[i].empty()) right[i] = false;
    }
  }
  std::string table;
  AppendRow(table, headers, widths, right);
  for (const auto& row : rows) AppendRow(table, row, widths, right);
  return table;
}

std::optional<Spec> Load(const CommonArgs& common, int& exit_code) {
  std::string path = common.file;
  if (path.empty()) {
    std::error_code error;
    auto found = FindPipelineFile(std::filesystem::current_path(error).string());
    if (!found) {
      exit_code = Failed(common, found.error());
      return std::nullopt;
    }
    path = *std::move(found);
  }
  auto spec =
      LoadSpec(path, Environment::OfProcess(), {common.insecure_secret_files, common.insecure_tls});
  if (!spec) {
    exit_code = Failed(common, spec.error());
    return std::nullopt;
  }
  return *std::move(spec);
}

}  // namespace sluice::cli
