#pragma once

namespace sluice {

/// Makes the C library keep memory that was freed for the next batch instead of giving it back to
/// the system: pages that come and go with each batch cost as much as decoding it. For programs
/// that stream; call before the first thread.
void KeepFreedMemory();

}  // namespace sluice
