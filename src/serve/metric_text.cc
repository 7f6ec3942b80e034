#include "serve/metric_text.h"

#include <fmt/format.h>

namespace sluice {
namespace {

void AppendLabel(std::string& text, std::string_view name, std::string_view value) {
  fmt::format_to(std::back_inserter(text), "{}=\"", name);
  for (const char c : value) {
    switch (c) {
      case '\\':
        text += "\\\\";
        break;
      case '"':
        text += "\\\"";
        break;
      case '\n':
        text += "\\n";
        break;
      default:
        text += c;
    }
  }
  text += '"';
}

}  // namespace

void MetricText::Family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void MetricText::Begin(const MetricLabels& labels) {
  text_ += name_;
  char before = '{';
  for (const MetricLabels* const some : {&std::as_const(common_), &labels}) {
    for (const auto& [name, value] : *some) {
      text_ += before;
      before = ',';
      AppendLabel(text_, name, value);
    }
  }
  text_ += before == '{' ? " " : "} ";
}

void MetricText::Sample(int64_t value, const MetricLabels& labels) {
  Begin(labels);
  fmt::format_to(std::back_inserter(text_), "{}\n", value);
}

void MetricText::Sample(double value, const MetricLabels& labels) {
  Begin(labels);
  fmt::format_to(std::back_inserter(text_), "{}\n", value);
}

}  // namespace sluice
