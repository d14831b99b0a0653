//! docs/import.md says of every column what the code says.

#[cfg(test)]
mod tests {
    use intake::{Column, ImportKind, columns_of, line_columns_of};

    const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/import.md");

    #[test]
    fn every_column_is_explained_in_the_section_of_its_kind() {
        let page = std::fs::read_to_string(PAGE).unwrap();
        for kind in ImportKind::ALL {
            let heading = format!("\n### {kind}\n");
            let (_, section) = page.split_once(&heading).unwrap_or_else(|| panic!("no {heading}"));
            let section = section.split("\n### ").next().unwrap();
            let rows: Vec<&str> = section.lines().filter(|line| line.starts_with("| `")).collect();
            let columns = columns_of(*kind).iter().chain(line_columns_of(*kind));
            let expected: Vec<String> = columns.map(table_row).collect();
            assert_eq!(rows, expected, "{kind}");
        }
    }

    fn table_row(column: &Column) -> String {
        let required = if column.is_required { "yes" } else { "" };
        format!("| `{}` | {required} | {} | `{}` |", column.name, column.meaning, column.example)
    }

    #[test]
    fn required_columns_stand_first() {
        for kind in ImportKind::ALL {
            for columns in [columns_of(*kind), line_columns_of(*kind)] {
                assert!(columns.is_sorted_by_key(|column| !column.is_required), "{kind}");
            }
        }
    }
}
