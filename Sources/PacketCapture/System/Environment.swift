internal import Glibc

/// The variables of the environment.
package enum Environment {
  /// A variable, nil when it is not set or empty.
  package static func value(_ name: String) -> String? {
    // The string belongs to the environment, which nobody changes here, and ends with a zero; it
    // is copied at once.
    guard let value = unsafe getenv(name) else { return nil }
    let text = unsafe String(cString: value)
    return text.isEmpty ? nil : text
  }
}
