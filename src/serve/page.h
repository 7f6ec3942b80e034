#pragma once

#include <string_view>

namespace sluice {

/// The status page: page.html, page.css and page.js of this folder, inside the program.
std::string_view PageHtml();
std::string_view PageCss();
std::string_view PageJs();

}  // namespace sluice
