//! What the catalog knows of the session that reads it.

use microprolly_sql::CatalogView;

/// The database that the session is in: its branch, or the tag or commit that it reads instead. Who connects to
/// a database of this name sees the same.
pub(super) fn database(view: &dyn CatalogView) -> String {
    match setting(view, "microprolly.as_of") {
        Some(revision) if !revision.is_empty() => revision,
        _ => view.current_branch(),
    }
}

/// The value of a setting, as SHOW gives it.
pub(super) fn setting(view: &dyn CatalogView, name: &str) -> Option<String> {
    let name = name.to_lowercase();
    view.settings().into_iter().find(|setting| setting.name == name).map(|setting| setting.value)
}
