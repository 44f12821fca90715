import Foundation
import Testing

/// Holds JSON values against a JSON Schema, as far as our own schema uses the language.
struct SchemaCheck {
  private let root: [String: Any]

  init(_ text: String) throws {
    let value = try JSONSerialization.jsonObject(with: Data(text.utf8))
    root = try #require(value as? [String: Any])
  }

  /// What is wrong with a record; empty if nothing is.
  func problems(of line: String) throws -> [String] {
    let value = try JSONSerialization.jsonObject(with: Data(line.utf8))
    let record = try #require(value as? [String: Any])
    let type = try #require(record["type"] as? String)
    return problems(of: value, ["$ref": "#/$defs/\(type)"], at: type)
  }

  /// The names a kind of record must have.
  func required(_ type: String) -> [String] {
    definition(type)["required"] as? [String] ?? []
  }

  private func definition(_ name: String) -> [String: Any] {
    (root["$defs"] as? [String: Any])?[name] as? [String: Any] ?? [:]
  }

  private func problems(of value: Any, _ schema: [String: Any], at path: String) -> [String] {
    if let reference = schema["$ref"] as? String {
      let name = String(reference.dropFirst("#/$defs/".count))
      let target = definition(name)
      return target.isEmpty ? ["\(path): no \(reference)"] : problems(of: value, target, at: path)
    }
    var found: [String] = []
    if let constant = schema["const"], !same(constant, value) {
      found.append("\(path): \(value) is not \(constant)")
    }
    if let choices = schema["enum"] as? [Any], !choices.contains(where: { same($0, value) }) {
      found.append("\(path): \(value) is none of \(choices)")
    }
    let types = schema["type"] as? [String] ?? (schema["type"] as? String).map { [$0] } ?? []
    if !types.isEmpty, !types.contains(where: { isType($0, value) }) {
      found.append("\(path): \(value) is not \(types)")
    }
    if let minimum = number(schema["minimum"]), let number = number(value), number < minimum {
      found.append("\(path): \(number) < \(minimum)")
    }
    if let maximum = number(schema["maximum"]), let number = number(value), number > maximum {
      found.append("\(path): \(number) > \(maximum)")
    }
    if let object = value as? [String: Any] {
      found += problems(ofObject: object, schema, at: path)
    }
    if let array = value as? [Any], let items = schema["items"] as? [String: Any] {
      for (index, item) in array.enumerated() {
        found += problems(of: item, items, at: "\(path)[\(index)]")
      }
    }
    return found
  }

  private func problems(
    ofObject object: [String: Any], _ schema: [String: Any], at path: String
  ) -> [String] {
    var found: [String] = []
    for name in schema["required"] as? [String] ?? [] where object[name] == nil {
      found.append("\(path): \(name) is missing")
    }
    let properties = schema["properties"] as? [String: Any] ?? [:]
    let others = schema["additionalProperties"] as? [String: Any]
    for (name, value) in object {
      if let rule = properties[name] as? [String: Any] ?? others {
        found += problems(of: value, rule, at: "\(path).\(name)")
      } else if !properties.isEmpty {
        found.append("\(path): \(name) is not described")
      }
    }
    return found
  }

  private func same(_ left: Any, _ right: Any) -> Bool {
    if left is NSNull || right is NSNull { return left is NSNull && right is NSNull }
    if let left = left as? String { return left == right as? String }
    if let left = number(left) { return left == number(right) }
    return false
  }

  /// A number, whether or not a `Double` holds it exactly; not a truth value.
  private func number(_ value: Any?) -> Double? {
    guard let value, !isTruth(value) else { return nil }
    return (value as? NSNumber)?.doubleValue
  }

  private func isTruth(_ value: Any) -> Bool {
    guard let number = value as? NSNumber else { return false }
    return unsafe String(cString: number.objCType) == "c"
  }

  private func isType(_ name: String, _ value: Any) -> Bool {
    switch name {
    case "null": return value is NSNull
    case "string": return value is String
    case "boolean": return isTruth(value)
    case "integer": return number(value).map { $0 == $0.rounded() } ?? false
    case "number": return number(value) != nil
    case "object": return value is [String: Any]
    case "array": return value is [Any]
    default: return false
    }
  }
}
