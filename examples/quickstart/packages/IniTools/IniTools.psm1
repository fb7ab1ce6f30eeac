# IniTools @VERSION@
function Get-IniContent {
    param([Parameter(Mandatory)][string]$Path)
    $sections = @{}
    $name = ''
    foreach ($line in Get-Content -LiteralPath $Path) {
        if ($line -match '^\s*\[(.+)\]\s*$') { $name = $Matches[1]; $sections[$name] = @{} }
        elseif ($line -match '^\s*([^;#=]+?)\s*=\s*(.*)$') {
            if (-not $sections.ContainsKey($name)) { $sections[$name] = @{} }
            $sections[$name][$Matches[1]] = $Matches[2]
        }
    }
    $sections
}
Export-ModuleMember -Function Get-IniContent
