-- Lists count as the protocol does: the class of the block around a list says how. Word's own numbering does the counting.
-- Circled numbers have no style in pandoc; "upper roman with one bracket", which is not used otherwise, stands for them
-- and becomes Word's circled numbers when the file is put together.
local styles = {
  decimal = { "Decimal", "TwoParens" },
  letter = { "LowerAlpha", "TwoParens" },
  roman = { "LowerRoman", "TwoParens" },
  circled = { "UpperRoman", "OneParen" },
}

local function escaped(text)
  return (text:gsub("&", "&amp;"):gsub("<", "&lt;"):gsub(">", "&gt;"):gsub('"', "&quot;"))
end

-- A table of contents as Word's own field: it shows these entries until Word fills in the pages.
local function contents(div)
  local entries = {}
  for _, block in ipairs(div.content) do
    local link, level = nil, 1
    pandoc.walk_block(block, { Link = function(found) link = found end })
    if block.t == "Div" and block.attributes.level then level = block.attributes.level end
    if link then
      table.insert(entries, { level = level, text = escaped(pandoc.utils.stringify(link)), to = escaped(link.target:sub(2)) })
    end
  end
  local xml = {}
  for number, entry in ipairs(entries) do
    local first = '<w:r><w:fldChar w:fldCharType="begin" w:dirty="true"/></w:r><w:r><w:instrText xml:space="preserve">'
      .. ' TOC \\o "1-3" \\h \\z \\u </w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>'
    local last = '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    table.insert(xml, '<w:p><w:pPr><w:pStyle w:val="TOC' .. entry.level .. '"/></w:pPr>' .. (number == 1 and first or "")
      .. '<w:hyperlink w:anchor="' .. entry.to .. '"><w:r><w:t xml:space="preserve">' .. entry.text
      .. '</w:t></w:r></w:hyperlink>' .. (number == #entries and last or "") .. '</w:p>')
  end
  return pandoc.RawBlock("openxml", table.concat(xml))
end

function Div(div)
  if div.classes:includes("contents") then return contents(div) end
  for class, style in pairs(styles) do
    if div.classes:includes(class) then
      for _, block in ipairs(div.content) do
        if block.t == "OrderedList" then
          block.listAttributes = pandoc.ListAttributes(block.listAttributes.start, style[1], style[2])
        end
      end
      return div.content
    end
  end
end
