package document
import ("testing";"os";"fmt";"guichet/fixtures/pen";"guichet/pipeline/claim";"sync")
func TestTmpInitials(t *testing.T) {
	os.MkdirAll("/tmp/ink/ini",0o755)
	var w sync.WaitGroup
	for half := range 2 { w.Go(func(){
	for i := half*160+1; i < half*160+160; i += 10 { for f, from := range map[pen.Family]int{pen.A:0, pen.B:1000} {
		s, err := newInkScan(from+i, pen.Initials, f); if err!=nil {t.Fatal(err)}
		bl := measureInk(s.picture,1,&s.page)
		for k,b := range bl { a:=(b.Rect[2]-b.Rect[0])*(b.Rect[3]-b.Rect[1]); fmt.Printf("%d %d %d ink=%.0f faint=%.0f n=%d w=%.0f h=%.0f\n",f,i,k,b.Ink.Share*a,b.Ink.Faint*a,b.Ink.Strokes,b.Ink.Width,b.Ink.Height)
		if b.Ink.Share*a<25 { os.WriteFile(fmt.Sprintf("/tmp/ink/ini/%d_%d_%d.png",f,i,k),b.PNG,0o644); for _,wd:=range s.page.Words { if wd.Rect[1]>b.Rect[1]-5&&wd.Rect[3]<b.Rect[3]+5 && wd.Rect[0]>b.Rect[0]-5 {fmt.Println("   ",wd.Text,wd.Rect,wd.Confidence)}}}}
	}}})}
	w.Wait()
	r := paperOf(); r.draw(20, 1, scrawl(100, 630)...)
	page := claim.Page{Width: 595, Height: 842, Words: wordsOf(60, 600, "Signature du client")}
	u := newUpright(r,&page); sv := survey{upright:u, printed:u.printed(), most: 9}
	tr := sv.trace(claim.Rect{50,560,330,740})
	for _, s := range tr.strokes { fmt.Println("stroke", tr.points(s.x0,s.y0,s.x1,s.y1), len(s.pixels)) }
	fmt.Println(tr.level, tr.standing)
}
